#include "cloud/logs/operations.hpp"

#include <utility>

namespace evergrass::cloud {

void add_logs_operations(operation_table& table, logs::log_registry& in) {
    using implementation = api_result (*)(logs::log_registry&, const call&);
    static constexpr std::pair<std::string_view, implementation> operations[] = {
        {"CreateLogGroup", logs::create_log_group},
        {"DeleteLogGroup", logs::delete_log_group},
        {"DescribeLogGroups", logs::describe_log_groups},
        {"CreateLogStream", logs::create_log_stream},
        {"DeleteLogStream", logs::delete_log_stream},
        {"DescribeLogStreams", logs::describe_log_streams},
        {"PutLogEvents", logs::put_log_events},
        {"GetLogEvents", logs::get_log_events},
        {"FilterLogEvents", logs::filter_log_events},
        {"PutRetentionPolicy", logs::put_retention_policy},
        {"DeleteRetentionPolicy", logs::delete_retention_policy},
        {"TagLogGroup", logs::tag_log_group},
        {"UntagLogGroup", logs::untag_log_group},
        {"ListTagsLogGroup", logs::list_tags_log_group},
        {"TagResource", logs::tag_resource},
        {"UntagResource", logs::untag_resource},
        {"ListTagsForResource", logs::list_tags_for_resource},
    };
    for (const auto& [name, run] : operations) {
        table.add("logs", name, [&in, run = run](const call& from) {
            return in_transaction(in.state, [&] { return run(in, from); });
        });
    }
}

}  // namespace evergrass::cloud
