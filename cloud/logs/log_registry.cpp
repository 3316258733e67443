#include "cloud/logs/log_registry.hpp"

namespace evergrass::cloud::logs {
namespace {

std::optional<std::int64_t> number_or_none(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

constexpr std::int64_t day = 24 * 60 * 60 * 1000;

}  // namespace

api_error invalid_parameter(std::string message) {
    return {400, "InvalidParameterException", std::move(message)};
}

api_error not_found(std::string message) {
    return {400, "ResourceNotFoundException", std::move(message)};
}

api_error already_exists(std::string message) {
    return {400, "ResourceAlreadyExistsException", std::move(message)};
}

answer<std::optional<log_group>> find_group(log_registry& in, const std::string& name) {
    std::optional<log_group> found;
    const auto read = in.state.db().query(
        "logs.find_group",
        "SELECT name, retention_days, created_at FROM log_groups WHERE name = ?1", {name},
        [&](const db::row& row) {
            found = log_group{row.text(0), number_or_none(row, 1), row.integer(2)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<log_group> require_group(log_registry& in, const std::string& name) {
    auto found = find_group(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return not_found("The specified log group does not exist.");
    }
    return std::move(**found);
}

answer<log_group> requested_group(log_registry& in, const call& from) {
    return require_group(in, string_member(from.input, "logGroupName").value_or(""));
}

log_stream read_stream(const db::row& row) {
    return {row.integer(0),         row.text(1),
            row.integer(2),         number_or_none(row, 3),
            number_or_none(row, 4), number_or_none(row, 5),
            row.integer(6),         row.integer(7)};
}

answer<log_stream> require_stream(log_registry& in, const std::string& group,
                                  const std::string& name) {
    std::optional<log_stream> found;
    const auto read = in.state.db().query(
        "logs.find_stream",
        "SELECT id, name, created_at, first_event_at, last_event_at, last_ingestion_at, bytes,"
        " sequence FROM log_streams WHERE log_group = ?1 AND name = ?2",
        {group, name}, [&](const db::row& row) { found = read_stream(row); });
    if (!read) {
        return internal_error(read.error());
    }
    if (!found) {
        return not_found("The specified log stream does not exist.");
    }
    return std::move(*found);
}

answer<log_stream> requested_stream(log_registry& in, const call& from) {
    const auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    return require_stream(in, group->name, string_member(from.input, "logStreamName").value_or(""));
}

std::int64_t oldest_kept(const log_registry& in, const log_group& group) {
    return group.retention_days ? now_milliseconds(in) - *group.retention_days * day : 0;
}

answer<void> insert_group(log_registry& in, const std::string& name) {
    return done(in.state.db().run("logs.insert_group",
                                  "INSERT INTO log_groups(name, created_at) VALUES(?1, ?2)",
                                  {name, now_milliseconds(in)}));
}

answer<void> insert_stream(log_registry& in, const std::string& group, const std::string& name) {
    return done(
        in.state.db().run("logs.insert_stream",
                          "INSERT INTO log_streams(log_group, name, created_at) VALUES(?1, ?2, ?3)",
                          {group, name, now_milliseconds(in)}));
}

answer<void> append(log_registry& in, const log_group& group, const log_stream& stream,
                    const std::vector<new_event>& events) {
    const auto now = now_milliseconds(in);
    std::int64_t bytes = 0;
    for (const auto& event : events) {
        bytes += static_cast<std::int64_t>(event.message.size()) + event_overhead;
        const auto kept = in.state.db().run(
            "logs.insert_event",
            "INSERT INTO log_events(stream, at, ingested_at, message) VALUES(?1, ?2, ?3, ?4)",
            {stream.id, event.at, now, event.message});
        if (!kept) {
            return done(kept);
        }
    }
    if (!events.empty()) {
        const auto noted = in.state.db().run(
            "logs.note_events",
            "UPDATE log_streams SET first_event_at = min(coalesce(first_event_at, ?2), ?2),"
            " last_event_at = max(coalesce(last_event_at, ?3), ?3), last_ingestion_at = ?4,"
            " bytes = bytes + ?5, sequence = sequence + 1 WHERE id = ?1",
            {stream.id, events.front().at, events.back().at, now, bytes});
        if (!noted) {
            return done(noted);
        }
    }
    return trim(in, group);
}

answer<void> trim(log_registry& in, const log_group& group) {
    auto& db = in.state.db();
    const auto measure =
        "UPDATE log_streams AS s SET bytes = (SELECT coalesce(sum(length(cast("
        "message AS BLOB)) + 26), 0) FROM log_events WHERE stream = s.id)"
        " WHERE log_group = ?1";
    if (group.retention_days) {
        const auto over = db.run("logs.drop_expired",
                                 "DELETE FROM log_events WHERE at < ?2 AND stream IN"
                                 " (SELECT id FROM log_streams WHERE log_group = ?1)",
                                 {group.name, oldest_kept(in, group)});
        if (!over) {
            return done(over);
        }
        if (db.changes() > 0) {
            if (const auto measured = db.run("logs.measure", measure, {group.name}); !measured) {
                return done(measured);
            }
        }
    }
    for (;;) {
        std::int64_t bytes = 0;
        const auto read =
            db.query("logs.group_bytes",
                     "SELECT coalesce(sum(bytes), 0) FROM log_streams"
                     " WHERE log_group = ?1",
                     {group.name}, [&](const db::row& row) { bytes = row.integer(0); });
        if (!read || bytes <= most_group_bytes) {
            return done(read);
        }
        // A sixteenth at once, so that it is not done for each batch.
        auto dropped =
            db.run("logs.drop_oldest",
                   "DELETE FROM log_events WHERE id IN (SELECT id FROM log_events WHERE stream IN"
                   " (SELECT id FROM log_streams WHERE log_group = ?1) ORDER BY id"
                   " LIMIT max(1, (SELECT count(*) / 16 FROM log_events WHERE stream IN"
                   " (SELECT id FROM log_streams WHERE log_group = ?1))))",
                   {group.name});
        if (dropped && db.changes() == 0) {
            return {};
        }
        if (dropped) {
            dropped = db.run("logs.measure", measure, {group.name});
        }
        if (!dropped) {
            return done(dropped);
        }
    }
}

answer<void> done(const result<void>& outcome) {
    return outcome ? answer<void>() : answer<void>(internal_error(outcome.error()));
}

std::int64_t now_milliseconds(const log_registry& in) {
    return to_epoch_milliseconds(in.time.now());
}

std::string group_arn(const log_registry& in, std::string_view name) {
    return "arn:" + in.identity.partition + ":logs:" + in.identity.region + ":" +
           in.identity.account + ":log-group:" + std::string(name);
}

answer<log_group> group_of_arn(log_registry& in, const call& from, std::string_view member) {
    auto arn = string_member(from.input, member).value_or("");
    const auto prefix = group_arn(in, "");
    if (!arn.starts_with(prefix)) {
        return invalid_parameter(std::string(member) +
                                 " must be the ARN of a log group: " + prefix + "NAME");
    }
    auto name = arn.substr(prefix.size());
    if (name.ends_with(":*")) {
        name.resize(name.size() - 2);
    }
    return require_group(in, name);
}

std::string long_number(std::int64_t number) {
    constexpr std::size_t digits = 56;
    const auto text = std::to_string(number);
    return std::string(digits - text.size(), '0') + text;
}

}  // namespace evergrass::cloud::logs
