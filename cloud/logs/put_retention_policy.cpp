#include "cloud/logs/operations.hpp"

#include <algorithm>

namespace evergrass::cloud::logs {
namespace {

constexpr std::int64_t choices[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                    365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

}  // namespace

api_result put_retention_policy(log_registry& in, const call& from) {
    auto group = requested_group(in, from);
    if (!group) {
        return group.error();
    }
    const auto days = int_member(from.input, "retentionInDays").value_or(0);
    if (std::ranges::find(choices, days) == std::end(choices)) {
        std::string all;
        for (const auto choice : choices) {
            all += (all.empty() ? "" : ", ") + std::to_string(choice);
        }
        return invalid_parameter("retentionInDays must be one of " + all + ".");
    }
    const auto set = in.state.db().run("logs.set_retention",
                                       "UPDATE log_groups SET retention_days = ?2 WHERE name = ?1",
                                       {group->name, days});
    if (!set) {
        return internal_error(set.error());
    }
    group->retention_days = days;
    auto trimmed = trim(in, *group);
    return trimmed ? api_result(reply{}) : api_result(trimmed.error());
}

}  // namespace evergrass::cloud::logs
