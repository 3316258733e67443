#include "cloud/iot/attachment_lists.hpp"

#include "cloud/iot/listing.hpp"
#include "cloud/iot/policy_targets.hpp"
#include "cloud/iot/thing_groups.hpp"

namespace evergrass::cloud::iot {
namespace {

constexpr std::string_view policies_of_target =
    "SELECT DISTINCT policy AS key FROM policy_targets WHERE target = ?3"
    " OR (?5 AND target IN (WITH RECURSIVE above(name) AS"
    "  (SELECT parent FROM thing_groups WHERE name = ?4"
    "   UNION SELECT g.parent FROM thing_groups g JOIN above a ON g.name = a.name)"
    "  SELECT ?6 || name FROM above WHERE name IS NOT NULL))";

}  // namespace

api_result list_policies_of(registry& in, const call& from, const std::string& target) {
    const auto hold = in.state.db().lock();
    const auto arn = require_policy_target(in, target);
    if (!arn) {
        return arn.error();
    }
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_policies_of";
    wanted.rows = policies_of_target;
    // With `recursive`, those of the groups above a group too, which hold for its things as well.
    const auto group = thing_group_of_arn(in, *arn);
    wanted.bound = {*arn, group ? db::value(*group) : db::value(),
                    std::int64_t{bool_member(from.input, "recursive").value_or(false)},
                    thing_group_arn(in, "")};
    wanted.member = "policies";
    wanted.item = [&in](const db::row& row) {
        return json::value{{"policyName", row.text(0)}, {"policyArn", policy_arn(in, row.text(0))}};
    };
    return list_page(in, from, wanted);
}

api_result list_targets_of(registry& in, const call& from, std::string_view output_member) {
    const auto hold = in.state.db().lock();
    const auto found = require_policy(in, required_text(from, "policyName"));
    if (!found) {
        return found.error();
    }
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_targets_of";
    wanted.rows = "SELECT target AS key FROM policy_targets WHERE policy = ?3";
    wanted.bound = {found->name};
    wanted.member = output_member;
    wanted.item = [](const db::row& row) { return json::value(row.text(0)); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
