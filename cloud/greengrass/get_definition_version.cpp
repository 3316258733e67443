#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

// GetCoreDefinitionVersion … and GetGroupVersion. A version is answered whole, so there is no token
// that could have come from here.
api_result get_definition_version(greengrass_services& in, const definition_family& family,
                                  const call& from) {
    const auto id = required_text(from, family.id_member());
    const auto version = required_text(from, family.version_id_member());
    if (!string_member(from.input, "NextToken").value_or("").empty()) {
        return bad_token();
    }
    const auto hold = in.state.db().lock();
    const auto owner = require_definition(in.state, family, id, family.missing);
    if (!owner) {
        return owner.error();
    }
    const auto found = find_version(in.state, family.kind, id, version);
    if (!found) {
        return internal_error(found.error());
    }
    if (!*found) {
        return api_error{404,
                         std::string(family.missing_version_code),
                         "Version " + version + " of " + std::string(family.version_of) + " " + id +
                             " does not exist.",
                         {}};
    }
    auto output = describe(in.identity, family.kind, **found);
    output["Definition"] = (*found)->content;
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
