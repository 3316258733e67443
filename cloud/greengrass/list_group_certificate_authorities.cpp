#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

api_result list_group_certificate_authorities(greengrass_services& in, const call& from) {
    const auto group_id = required_text(from, "GroupId");
    const auto hold = in.state.db().lock();
    const auto& family = group_family();
    const auto group = require_definition(in.state, family, group_id, family.missing);
    if (!group) {
        return group.error();
    }
    const auto found = authorities_of(in.state, group_id);
    if (!found) {
        return internal_error(found.error());
    }
    json::array items;
    for (const auto& each : *found) {
        items.push_back(json::object{
            {"GroupCertificateAuthorityArn", authority_arn(in.identity, group_id, each.id)},
            {"GroupCertificateAuthorityId", each.id}});
    }
    json::object output;
    output["GroupCertificateAuthorities"] = std::move(items);
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
