#pragma once

#include "cloud/greengrass/bulk_input.hpp"
#include "cloud/greengrass/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Bulk deployments in the store (spec/cloud.md §1.7). The caller holds the store's lock.
//
// Initializing -> Running -> Completed; Failed when the input can't be used, of which then nothing
// was deployed; Stopping -> Stopped on request, which leaves alone what was begun. Completed means
// that each record had its turn: what became of a deployment, its core reports when it can.
namespace evergrass::cloud::greengrass {

struct bulk_deployment {
    std::int64_t sequence = 0;  // grows with each; set by the store
    std::string id;
    std::string status;
    std::string input_uri;
    std::string input_sha256;  // what the object was when the deployment was started
    std::string role_arn;
    std::int64_t records_processed = 0;
    std::int64_t invalid_records = 0;
    std::int64_t retry_attempts = 0;
    std::optional<std::string> error_message;
    json::array error_details;
    std::int64_t created_at = 0;  // milliseconds since 1970

    bool has_ended() const;
};

// What has had its turn, in the order of the input's lines.
struct bulk_report {
    std::int64_t ordinal = 0;
    bulk_record record;
    std::int64_t started_at = 0;
    std::optional<std::string> deployment_id;  // none could be made
    std::optional<std::string> error_message;
    json::array error_details;
};

struct waiting_record {
    std::int64_t ordinal = 0;
    bulk_record record;
};

result<std::optional<bulk_deployment>> find_bulk(store& state, std::string_view id);
// The one that has not ended: there is one at most.
result<std::optional<bulk_deployment>> active_bulk(store& state);
// Newest first, behind `before`.
result<std::vector<bulk_deployment>> bulks_before(store& state, std::int64_t before,
                                                  std::int64_t count);
result<void> insert_bulk(store& state, const bulk_deployment& made);
// Status, counts and error.
result<void> update_bulk(store& state, const bulk_deployment& changed, std::int64_t now);

result<void> insert_records(store& state, std::int64_t bulk,
                            const std::vector<bulk_record>& records);
result<std::vector<waiting_record>> next_records(store& state, std::int64_t bulk,
                                                 std::int64_t count);
result<void> note_turn(store& state, std::int64_t bulk, const bulk_report& done);
result<std::vector<bulk_report>> reports_after(store& state, std::int64_t bulk,
                                               std::int64_t ordinal, std::int64_t count);

// arn:…:/greengrass/bulk/deployments/ID
std::string bulk_arn(const service_identity& identity, std::string_view id);
// The id, if it is such an ARN of this account and region.
std::optional<std::string> parse_bulk_arn(const service_identity& identity, std::string_view arn);

// For the operations: by the member BulkDeploymentId, or IdNotFoundException.
answer<bulk_deployment> require_bulk(greengrass_services& in, const call& from);

}  // namespace evergrass::cloud::greengrass
