#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/greengrass/operations.hpp"

#include <algorithm>

namespace evergrass::cloud::greengrass {

api_result get_group_certificate_authority(greengrass_services& in, const call& from) {
    const auto group_id = required_text(from, "GroupId");
    const auto id = required_text(from, "CertificateAuthorityId");
    const auto hold = in.state.db().lock();
    const auto& family = group_family();
    const auto group = require_definition(in.state, family, group_id, family.missing);
    if (!group) {
        return group.error();
    }
    const auto all = authorities_of(in.state, group_id);
    if (!all) {
        return internal_error(all.error());
    }
    const auto found = std::ranges::find(*all, id, &group_authority::id);
    if (found == all->end()) {
        return id_not_found("That group certificate authority does not exist.");
    }
    return reply{{{"GroupCertificateAuthorityArn", authority_arn(in.identity, group_id, id)},
                  {"GroupCertificateAuthorityId", id},
                  {"PemEncodedCertificate", found->certificate_pem}}};
}

}  // namespace evergrass::cloud::greengrass
