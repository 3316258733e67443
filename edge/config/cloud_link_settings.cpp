#include "edge/config/reading.hpp"

namespace evergrass::edge {
namespace {

using contract::field_reader;

const std::vector<std::string_view> cloud_link_members = {"subscriptionsPerConnection",
                                                          "certificateCheckSeconds"};
constexpr std::int64_t subscriptions_of_aws = 50;  // spec/core.md §10
constexpr std::int64_t most_subscriptions = 10'000;

// "PREFIX-ats.iot.REGION.amazonaws.com" and what other partitions have in its place.
bool is_aws(std::string_view host) {
    return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
}

}  // namespace

result<void> read_cloud_link(const json::object& top, core_config& config) {
    field_reader of_top(top, "");
    const auto* given = of_top.object("cloudLink");
    if (!of_top.outcome()) {
        return of_top.outcome();
    }
    const json::object none;
    const auto& object = given != nullptr ? *given : none;
    note_unknown(object, "cloudLink", cloud_link_members, config);
    field_reader in(object, "cloudLink");
    config.link.subscriptions_per_connection = static_cast<std::size_t>(
        read_in_range(in, "subscriptionsPerConnection",
                      is_aws(config.iot_host) ? subscriptions_of_aws : most_subscriptions, 1,
                      most_subscriptions));
    config.link.identity_check =
        std::chrono::seconds(read_in_range(in, "certificateCheckSeconds", 10, 1, 86'400));
    return in.outcome();
}

}  // namespace evergrass::edge
