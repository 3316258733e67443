#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

api_result get_group_certificate_configuration(greengrass_services& in, const call& from) {
    const auto group_id = required_text(from, "GroupId");
    const auto hold = in.state.db().lock();
    const auto& family = group_family();
    const auto group = require_definition(in.state, family, group_id, family.missing);
    if (!group) {
        return group.error();
    }
    const auto expiry = certificate_expiry_ms(in.state, group_id);
    if (!expiry) {
        return internal_error(expiry.error());
    }
    return reply{describe_certificate_configuration(group_id, *expiry)};
}

}  // namespace evergrass::cloud::greengrass
