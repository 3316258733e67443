#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

namespace evergrass::cloud::greengrass {
namespace {

// What belongs to the group alone. Its deployments stay: the core has still to fetch the reset.
result<void> erase_group(greengrass_services& in, const std::string& id) {
    static constexpr std::pair<std::string_view, std::string_view> statements[] = {
        {"greengrass.delete_members", "DELETE FROM group_members WHERE group_id = ?1"},
        {"greengrass.delete_authorities", "DELETE FROM group_authorities WHERE group_id = ?1"},
        {"greengrass.delete_group_settings", "DELETE FROM group_settings WHERE group_id = ?1"},
        {"greengrass.delete_group_role", "DELETE FROM roles WHERE scope = ?1"},
    };
    for (const auto& [name, sql] : statements) {
        if (auto deleted = in.state.db().run(name, sql, {id}); !deleted) {
            return deleted;
        }
    }
    return erase_definition(in, group_family().kind, id);
}

}  // namespace

api_result delete_group(greengrass_services& in, const call& from) {
    const auto& family = group_family();
    const auto id = required_text(from, family.id_member());
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_definition(in.state, family, id, family.missing);
        if (!found) {
            return found.error();
        }
        const auto deployed = is_deployed(in.state, id);
        if (!deployed) {
            return internal_error(deployed.error());
        }
        if (deployed.value()) {
            return bare(400, "Group " + id +
                                 " is deployed. Reset its deployments (ResetDeployments) before "
                                 "you delete it.");
        }
        const auto erased = erase_group(in, id);
        if (!erased) {
            return internal_error(erased.error());
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::greengrass
