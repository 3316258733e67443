#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

// CreateCoreDefinitionVersion …
api_result create_definition_version(greengrass_services& in, const definition_family& family,
                                     const call& from) {
    const auto id = required_text(from, family.id_member());
    auto content = version_content(family, from.input);
    return in_transaction(in.state, [&]() -> api_result {
        auto owner = require_definition(in.state, family, id, family.missing_for_new_version);
        if (!owner) {
            return owner.error();
        }
        if (auto refused = family.check(content)) {
            return *refused;
        }
        const auto made = insert_version(in, family.kind, *owner, std::move(content));
        if (!made) {
            return internal_error(made.error());
        }
        return reply{describe(in.identity, family.kind, *made), 201};
    });
}

}  // namespace evergrass::cloud::greengrass
