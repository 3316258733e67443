#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

// Rotates: the new authority signs from now on, the older ones stay known to devices.
api_result create_group_certificate_authority(greengrass_services& in, const call& from) {
    const auto group_id = required_text(from, "GroupId");
    auto key = in.new_rsa_key();
    return in_transaction(in.state, [&]() -> api_result {
        const auto& family = group_family();
        const auto group = require_definition(in.state, family, group_id, family.missing);
        if (!group) {
            return group.error();
        }
        const auto made = insert_group_authority(in, group_id, std::move(key));
        if (!made) {
            return internal_error(made.error());
        }
        return reply{
            {{"GroupCertificateAuthorityArn", authority_arn(in.identity, group_id, made->id)}}};
    });
}

}  // namespace evergrass::cloud::greengrass
