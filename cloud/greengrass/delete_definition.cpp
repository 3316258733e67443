#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

// DeleteCoreDefinition …: groups that were deployed with it run on (spec/cloud.md §1.5).
api_result delete_definition(greengrass_services& in, const definition_family& family,
                             const call& from) {
    const auto id = required_text(from, family.id_member());
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_definition(in.state, family, id, family.missing);
        if (!found) {
            return found.error();
        }
        const auto erased = erase_definition(in, family.kind, id);
        if (!erased) {
            return internal_error(erased.error());
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::greengrass
