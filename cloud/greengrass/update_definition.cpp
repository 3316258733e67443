#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

// UpdateCoreDefinition … and UpdateGroup: they rename, no more.
api_result update_definition(greengrass_services& in, const definition_family& family,
                             const call& from) {
    const auto id = required_text(from, family.id_member());
    const auto name = string_member(from.input, "Name").value_or("");
    return in_transaction(in.state, [&]() -> api_result {
        if (name.empty()) {
            return invalid_container("Input does not contain any attributes to be updated");
        }
        const auto found = require_definition(in.state, family, id, family.missing);
        if (!found) {
            return found.error();
        }
        const auto renamed = in.state.db().run(
            "greengrass.rename_definition",
            "UPDATE definitions SET name = ?3, updated_at = ?4 WHERE kind = ?1 AND id = ?2",
            {std::string(family.kind), id, name, now_milliseconds(in)});
        if (!renamed) {
            return internal_error(renamed.error());
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::greengrass
