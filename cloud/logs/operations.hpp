#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/logs/log_registry.hpp"

namespace evergrass::cloud {

// Adds the operations of the service "logs" (spec/cloud.md §4.2). `in` outlives the table.
void add_logs_operations(operation_table& table, logs::log_registry& in);

namespace logs {

// Each in the file of its name, and within a transaction.
api_result create_log_group(log_registry& in, const call& from);
api_result delete_log_group(log_registry& in, const call& from);
api_result describe_log_groups(log_registry& in, const call& from);
api_result create_log_stream(log_registry& in, const call& from);
api_result delete_log_stream(log_registry& in, const call& from);
api_result describe_log_streams(log_registry& in, const call& from);
api_result put_log_events(log_registry& in, const call& from);
api_result get_log_events(log_registry& in, const call& from);
api_result filter_log_events(log_registry& in, const call& from);
api_result put_retention_policy(log_registry& in, const call& from);
api_result delete_retention_policy(log_registry& in, const call& from);
api_result tag_log_group(log_registry& in, const call& from);
api_result untag_log_group(log_registry& in, const call& from);
api_result list_tags_log_group(log_registry& in, const call& from);
api_result tag_resource(log_registry& in, const call& from);
api_result untag_resource(log_registry& in, const call& from);
api_result list_tags_for_resource(log_registry& in, const call& from);

}  // namespace logs
}  // namespace evergrass::cloud
