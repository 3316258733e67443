#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What CloudWatch Logs' operations share: groups, streams and events in the store. The caller holds
// the store's lock where it reads more than once.
namespace evergrass::cloud::logs {

// A group keeps this many bytes of its newest events, as AWS counts them (26 beside each message).
inline constexpr std::int64_t most_group_bytes = 64 * 1024 * 1024;
inline constexpr std::int64_t event_overhead = 26;

// Lives longer than the operation table.
struct log_registry {
    store& state;
    const service_identity& identity;
    const clock& time;
};

struct log_group {
    std::string name;
    std::optional<std::int64_t> retention_days;
    std::int64_t created_at = 0;  // milliseconds since 1970, as below
};

struct log_stream {
    std::int64_t id = 0;
    std::string name;
    std::int64_t created_at = 0;
    std::optional<std::int64_t> first_event_at;
    std::optional<std::int64_t> last_event_at;
    std::optional<std::int64_t> last_ingestion_at;
    std::int64_t bytes = 0;
    std::int64_t sequence = 0;  // of batches
};

struct log_event {
    std::int64_t id = 0;
    std::string stream;
    std::int64_t at = 0;
    std::int64_t ingested_at = 0;
    std::string message;
};

// 400, as Logs has them.
api_error invalid_parameter(std::string message);
api_error not_found(std::string message);
api_error already_exists(std::string message);

answer<std::optional<log_group>> find_group(log_registry& in, const std::string& name);
answer<log_group> require_group(log_registry& in, const std::string& name);
// The one that the call's logGroupName names.
answer<log_group> requested_group(log_registry& in, const call& from);
answer<log_stream> require_stream(log_registry& in, const std::string& group,
                                  const std::string& name);
answer<log_stream> requested_stream(log_registry& in, const call& from);

// The columns id, name, created_at, first_event_at, last_event_at, last_ingestion_at, bytes,
// sequence.
log_stream read_stream(const db::row& row);

// Events before this time are over for the group.
std::int64_t oldest_kept(const log_registry& in, const log_group& group);
// Removes events that are over, and the oldest beyond most_group_bytes.
answer<void> trim(log_registry& in, const log_group& group);

answer<void> insert_group(log_registry& in, const std::string& name);
answer<void> insert_stream(log_registry& in, const std::string& group, const std::string& name);
// Appends to the stream, in order, and trims the group.
struct new_event {
    std::int64_t at = 0;
    std::string message;
};
answer<void> append(log_registry& in, const log_group& group, const log_stream& stream,
                    const std::vector<new_event>& events);

answer<void> done(const result<void>& outcome);
std::int64_t now_milliseconds(const log_registry& in);
std::string group_arn(const log_registry& in, std::string_view name);
// The group's name of its ARN, with or without ":*" behind it.
answer<log_group> group_of_arn(log_registry& in, const call& from, std::string_view member);
// Digits, 56 of them, as AWS's tokens and event ids are.
std::string long_number(std::int64_t number);

}  // namespace evergrass::cloud::logs
