#include "cloud/greengrass/families.hpp"

#include "cloud/greengrass/element_checks.hpp"

#include <algorithm>
#include <stdexcept>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::string_view version_missing = "VersionNotFoundException";
constexpr std::string_view id_missing = "IdNotFoundException";

std::optional<api_error> nothing_to_check(const json::object&) {
    return std::nullopt;
}

constexpr definition_family families[] = {
    {"cores", "Core", "Cores", "That Core List Definition does not exist",
     "That cores definition does not exist.", "That cores definition does not exist.",
     "Core List Definition", version_missing, check_cores},
    {"functions", "Function", "Functions", "That Lambda List Definition does not exist.",
     "That lambdas does not exist.", "That lambdas definition does not exist.",
     "Lambda List Definition", id_missing, check_functions},
    {"resources", "Resource", "Resources", "That Resource List Definition does not exist.",
     "That resource definition does not exist.", "That resources definition does not exist.",
     "Resource List Definition", version_missing, check_resources},
    {"devices", "Device", "Devices", "That Device List Definition does not exist.",
     "That devices definition does not exist.", "That devices definition does not exist.",
     "Device List Definition", version_missing, check_devices},
    {"subscriptions", "Subscription", "Subscriptions",
     "That Subscription List Definition does not exist.", "That subscriptions does not exist.",
     "That subscriptions definition does not exist.", "Subscription List Definition",
     version_missing, check_subscriptions},
    {"connectors", "Connector", "Connectors", "That Connector List Definition does not exist.",
     "That connectors definition does not exist.", "That connectors definition does not exist.",
     "Connector List Definition", version_missing, check_connectors},
    {"loggers", "Logger", "Loggers", "That Logger List Definition does not exist.",
     "That loggers definition does not exist.", "That loggers definition does not exist.",
     "Logger List Definition", version_missing, check_loggers},
};

// What a group version refers to is checked against the store, in check_references().
constexpr definition_family groups = {"groups",
                                      "Group",
                                      "",
                                      "That Group Definition does not exist.",
                                      "That group does not exist.",
                                      "That group definition does not exist.",
                                      "Group Definition",
                                      version_missing,
                                      nothing_to_check};

}  // namespace

std::string definition_family::id_member() const {
    return std::string(name) + (is_group() ? "Id" : "DefinitionId");
}

std::string definition_family::version_id_member() const {
    return std::string(name) + (is_group() ? "VersionId" : "DefinitionVersionId");
}

std::string definition_family::reference_member() const {
    return std::string(name) + "DefinitionVersionArn";
}

std::span<const definition_family> definition_families() {
    return families;
}

const definition_family& group_family() {
    return groups;
}

const definition_family& family_of(std::string_view kind) {
    const auto* found = std::ranges::find(families, kind, &definition_family::kind);
    if (found == std::end(families)) {
        throw std::logic_error("no definition family is called " + std::string(kind));
    }
    return *found;
}

}  // namespace evergrass::cloud::greengrass
