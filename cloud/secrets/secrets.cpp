#include "cloud/secrets/secrets.hpp"

#include "cloud/store/tags.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"

#include <algorithm>

namespace evergrass::cloud::secrets {
namespace {

constexpr std::string_view columns =
    "SELECT arn, name, description, kms_key_id, created_at, changed_at, accessed_at, deleted_at,"
    " purge_at FROM secrets ";

std::optional<std::string> text_or_none(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
}

std::optional<std::int64_t> number_or_none(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

template <class T>
db::value or_null(const std::optional<T>& value) {
    return value ? db::value(*value) : db::value();
}

secret_record read_record(const db::row& row) {
    return {row.text(0),           row.text(1),    text_or_none(row, 2),   text_or_none(row, 3),
            row.integer(4),        row.integer(5), number_or_none(row, 6), number_or_none(row, 7),
            number_or_none(row, 8)};
}

constexpr std::string_view marker = "secret:";

// The name that an ARN without its six characters ends in.
std::string name_in(const std::string& id) {
    const auto arn = parse_arn(id);
    return arn && arn->resource.starts_with(marker) ? arn->resource.substr(marker.size()) : id;
}

}  // namespace

api_error not_found(std::string message) {
    return {400, "ResourceNotFoundException", std::move(message)};
}

api_error invalid_parameter(std::string message) {
    return {400, "InvalidParameterException", std::move(message)};
}

api_error invalid_request(std::string message) {
    return {400, "InvalidRequestException", std::move(message)};
}

api_error already_exists(std::string message) {
    return {400, "ResourceExistsException", std::move(message)};
}

answer<std::optional<secret_record>> find_secret(secret_registry& in, const std::string& id) {
    std::optional<secret_record> found;
    static const auto sql = std::string(columns) +
                            "WHERE (arn = ?1 OR name = ?2) AND (purge_at IS NULL OR purge_at > ?3)";
    const auto read =
        in.state.db().query("secrets.find", sql, {id, name_in(id), now_milliseconds(in)},
                            [&](const db::row& row) { found = read_record(row); });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<secret_record> require_secret(secret_registry& in, const std::string& id) {
    auto found = find_secret(in, id);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return not_found();
    }
    return std::move(**found);
}

answer<secret_record> requested_secret(secret_registry& in, const call& from) {
    auto found = require_secret(in, string_member(from.input, "SecretId").value_or(""));
    if (found && found->deleted_at) {
        return invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion.");
    }
    return found;
}

answer<std::vector<version_record>> versions_of(secret_registry& in, const std::string& arn) {
    std::vector<version_record> versions;
    auto read = in.state.db().query(
        "secrets.versions",
        "SELECT id, is_binary, created_at, accessed_at FROM secret_versions WHERE arn = ?1"
        " ORDER BY created_at DESC, id",
        {arn}, [&](const db::row& row) {
            versions.push_back(
                {row.text(0), row.integer(1) != 0, row.integer(2), number_or_none(row, 3), {}});
        });
    if (read) {
        read = in.state.db().query(
            "secrets.stages",
            "SELECT version, stage FROM secret_stages WHERE arn = ?1 ORDER BY stage", {arn},
            [&](const db::row& row) {
                const auto at = std::ranges::find(versions, row.text(0), &version_record::id);
                if (at != versions.end()) {
                    at->stages.push_back(row.text(1));
                }
            });
    }
    if (!read) {
        return internal_error(read.error());
    }
    return versions;
}

answer<void> write_secret(secret_registry& in, const secret_record& s) {
    return written(in.state.db().run(
        "secrets.write",
        "INSERT OR REPLACE INTO secrets(arn, name, description, kms_key_id, created_at, changed_at,"
        " accessed_at, deleted_at, purge_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        {s.arn, s.name, or_null(s.description), or_null(s.kms_key_id), s.created_at, s.changed_at,
         or_null(s.accessed_at), or_null(s.deleted_at), or_null(s.purge_at)}));
}

answer<void> purge_secret(secret_registry& in, const std::string& arn) {
    auto& db = in.state.db();
    auto done = db.run("secrets.purge_stages", "DELETE FROM secret_stages WHERE arn = ?1", {arn});
    if (done) {
        done =
            db.run("secrets.purge_versions", "DELETE FROM secret_versions WHERE arn = ?1", {arn});
    }
    if (done) {
        done = drop_tags(in.state, arn);
    }
    if (done) {
        done = db.run("secrets.purge", "DELETE FROM secrets WHERE arn = ?1", {arn});
    }
    return written(done);
}

answer<void> purge_expired(secret_registry& in) {
    std::vector<std::string> over;
    const auto read = in.state.db().query(
        "secrets.expired", "SELECT arn FROM secrets WHERE purge_at <= ?1", {now_milliseconds(in)},
        [&](const db::row& row) { over.push_back(row.text(0)); });
    if (!read) {
        return internal_error(read.error());
    }
    for (const auto& arn : over) {
        if (auto purged = purge_secret(in, arn); !purged) {
            return purged;
        }
    }
    return {};
}

std::string requested_token(const call& from) {
    return string_member(from.input, "ClientRequestToken").value_or(uuid_v4());
}

std::int64_t now_milliseconds(const secret_registry& in) {
    return to_epoch_milliseconds(in.time.now());
}

double as_seconds(std::int64_t milliseconds) {
    return static_cast<double>(milliseconds) / 1000;
}

json::array as_array(const std::vector<std::string>& texts) {
    json::array list;
    for (const auto& text : texts) {
        list.emplace_back(text);
    }
    return list;
}

answer<void> written(const result<void>& done) {
    return done ? answer<void>() : answer<void>(internal_error(done.error()));
}

}  // namespace evergrass::cloud::secrets
