#include "cloud/greengrass/bulk_deployments.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::string_view arn_part = "/greengrass/bulk/deployments/";

constexpr std::string_view columns =
    "SELECT sequence, id, status, input_uri, input_sha256, role_arn, records_processed,"
    " invalid_records, retry_attempts, error_message, error_details, created_at"
    " FROM bulk_deployments ";

json::array array_or_none(const db::row& row, int column) {
    auto parsed =
        row.is_null(column) ? result<json::value>(json::array()) : parse_json(row.text(column));
    return parsed && parsed->is_array() ? std::move(parsed->get_array()) : json::array();
}

db::value array_or_null(const json::array& details) {
    return details.empty() ? db::value() : db::value(json::serialize(details));
}

bulk_deployment bulk_of(const db::row& row) {
    return {row.integer(0),
            row.text(1),
            row.text(2),
            row.text(3),
            row.text(4),
            row.text(5),
            row.integer(6),
            row.integer(7),
            row.integer(8),
            text_or_nothing(row, 9),
            array_or_none(row, 10),
            row.integer(11)};
}

result<std::vector<bulk_deployment>> read_bulks(store& state, std::string_view name,
                                                std::string_view where,
                                                const std::vector<db::value>& bound) {
    std::vector<bulk_deployment> found;
    auto read = state.db().query(name, std::string(columns).append(where), bound,
                                 [&](const db::row& row) { found.push_back(bulk_of(row)); });
    if (!read) {
        return read.error();
    }
    return found;
}

result<std::optional<bulk_deployment>> first_of(result<std::vector<bulk_deployment>> found) {
    if (!found) {
        return found.error();
    }
    return found->empty() ? std::optional<bulk_deployment>()
                          : std::optional(std::move(found->front()));
}

}  // namespace

bool bulk_deployment::has_ended() const {
    return status == "Completed" || status == "Stopped" || status == "Failed";
}

result<std::optional<bulk_deployment>> find_bulk(store& state, std::string_view id) {
    return first_of(read_bulks(state, "greengrass.find_bulk", "WHERE id = ?1", {std::string(id)}));
}

result<std::optional<bulk_deployment>> active_bulk(store& state) {
    return first_of(
        read_bulks(state, "greengrass.active_bulk",
                   "WHERE status NOT IN ('Completed', 'Stopped', 'Failed') ORDER BY sequence", {}));
}

result<std::vector<bulk_deployment>> bulks_before(store& state, std::int64_t before,
                                                  std::int64_t count) {
    return read_bulks(state, "greengrass.list_bulks",
                      "WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2", {before, count});
}

result<void> insert_bulk(store& state, const bulk_deployment& made) {
    return state.db().run(
        "greengrass.insert_bulk",
        "INSERT INTO bulk_deployments(id, status, input_uri, input_sha256, role_arn, created_at,"
        " updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        {made.id, made.status, made.input_uri, made.input_sha256, made.role_arn, made.created_at});
}

result<void> update_bulk(store& state, const bulk_deployment& changed, std::int64_t now) {
    return state.db().run(
        "greengrass.update_bulk",
        "UPDATE bulk_deployments SET status = ?2, records_processed = ?3, invalid_records = ?4,"
        " retry_attempts = ?5, error_message = ?6, error_details = ?7, updated_at = ?8"
        " WHERE sequence = ?1",
        {changed.sequence, changed.status, changed.records_processed, changed.invalid_records,
         changed.retry_attempts, text_or_null(changed.error_message),
         array_or_null(changed.error_details), now});
}

result<void> insert_records(store& state, std::int64_t bulk,
                            const std::vector<bulk_record>& records) {
    std::int64_t ordinal = 0;
    for (const auto& record : records) {
        auto written = state.db().run(
            "greengrass.insert_bulk_record",
            "INSERT INTO bulk_deployment_records(bulk, ordinal, group_id, group_version)"
            " VALUES(?1, ?2, ?3, ?4)",
            {bulk, ++ordinal, record.group_id, record.group_version});
        if (!written) {
            return written;
        }
    }
    return {};
}

result<std::vector<waiting_record>> next_records(store& state, std::int64_t bulk,
                                                 std::int64_t count) {
    std::vector<waiting_record> found;
    // Turns are taken in order, so what waits begins behind the last that had its own.
    auto read = state.db().query(
        "greengrass.next_bulk_records",
        "SELECT ordinal, group_id, group_version FROM bulk_deployment_records"
        " WHERE bulk = ?1 AND ordinal > (SELECT records_processed FROM bulk_deployments"
        "  WHERE sequence = ?1) ORDER BY ordinal LIMIT ?2",
        {bulk, count}, [&](const db::row& row) {
            found.push_back({row.integer(0), {row.text(1), row.text(2)}});
        });
    if (!read) {
        return read.error();
    }
    return found;
}

result<void> note_turn(store& state, std::int64_t bulk, const bulk_report& done) {
    return state.db().run(
        "greengrass.note_bulk_turn",
        "UPDATE bulk_deployment_records SET started_at = ?3, deployment_id = ?4,"
        " error_message = ?5, error_details = ?6 WHERE bulk = ?1 AND ordinal = ?2",
        {bulk, done.ordinal, done.started_at, text_or_null(done.deployment_id),
         text_or_null(done.error_message), array_or_null(done.error_details)});
}

result<std::vector<bulk_report>> reports_after(store& state, std::int64_t bulk,
                                               std::int64_t ordinal, std::int64_t count) {
    std::vector<bulk_report> found;
    auto read = state.db().query(
        "greengrass.bulk_reports",
        "SELECT ordinal, group_id, group_version, started_at, deployment_id, error_message,"
        " error_details FROM bulk_deployment_records"
        " WHERE bulk = ?1 AND ordinal > ?2 AND started_at IS NOT NULL ORDER BY ordinal LIMIT ?3",
        {bulk, ordinal, count}, [&](const db::row& row) {
            found.push_back({row.integer(0),
                             {row.text(1), row.text(2)},
                             row.integer(3),
                             text_or_nothing(row, 4),
                             text_or_nothing(row, 5),
                             array_or_none(row, 6)});
        });
    if (!read) {
        return read.error();
    }
    return found;
}

std::string bulk_arn(const service_identity& identity, std::string_view id) {
    return identity.greengrass_arn(std::string(arn_part).append(id));
}

std::optional<std::string> parse_bulk_arn(const service_identity& identity, std::string_view arn) {
    const auto prefix = bulk_arn(identity, "");
    if (!arn.starts_with(prefix) || arn.find('/', prefix.size()) != std::string_view::npos) {
        return std::nullopt;
    }
    return std::string(arn.substr(prefix.size()));
}

answer<bulk_deployment> require_bulk(greengrass_services& in, const call& from) {
    const auto id = required_text(from, "BulkDeploymentId");
    auto found = find_bulk(in.state, id);
    if (!found) {
        return internal_error(found.error());
    }
    if (!*found) {
        return id_not_found("Bulk deployment '" + id + "' does not exist.");
    }
    return std::move(**found);
}

}  // namespace evergrass::cloud::greengrass
