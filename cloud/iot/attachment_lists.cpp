#include "cloud/iot/attachment_lists.hpp"

#include "cloud/iot/listing.hpp"

namespace evergrass::cloud::iot {

api_result list_policies_of(registry& in, const call& from, const std::string& target) {
    const auto hold = in.state.db().lock();
    const auto id = require_principal(in, target);
    if (!id) {
        return id.error();
    }
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_policies_of";
    wanted.rows = "SELECT policy AS key FROM policy_targets WHERE target = ?3";
    wanted.bound = {target};
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
