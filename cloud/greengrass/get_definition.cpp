#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

// GetCoreDefinition … and GetGroup.
api_result get_definition(greengrass_services& in, const definition_family& family,
                          const call& from) {
    const auto id = required_text(from, family.id_member());
    const auto hold = in.state.db().lock();
    const auto found = require_definition(in.state, family, id, family.missing_for_get);
    if (!found) {
        return found.error();
    }
    auto tags = tags_of(in.state, definition_arn(in.identity, family.kind, id));
    if (!tags) {
        return internal_error(tags.error());
    }
    auto output = describe(in.identity, family.kind, *found);
    output["tags"] = std::move(*tags);
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass
