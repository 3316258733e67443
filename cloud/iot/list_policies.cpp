#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_policies(registry& in, const call& from) {
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_policies";
    wanted.rows = "SELECT printf('%015d:%s', created_at, name) AS key, name FROM policies";
    wanted.member = "policies";
    wanted.newest_first = true;
    wanted.item = [&in](const db::row& row) {
        return json::value{{"policyName", row.text(1)}, {"policyArn", policy_arn(in, row.text(1))}};
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
