#pragma once

#include "cloud/gateway/operation.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace evergrass::cloud::greengrass {

// What differs between the seven families of definitions, and groups, which are versioned alike:
// names, V1's error texts (spec/cloud.md §1.4, recorded from the real service, uneven as it was)
// and what a version may hold.
struct definition_family {
    std::string_view kind;  // in ARNs, paths and the store: "cores"
    std::string_view name;  // in operations' and members' names: Create{Core}Definition
    std::string_view list;  // the member of a version that holds its elements: "Cores"
    std::string_view missing_for_get;
    std::string_view missing_for_new_version;
    std::string_view missing;     // for all other operations
    std::string_view version_of;  // "Version V of {Core List Definition} ID does not exist."
    std::string_view missing_version_code;
    // Judges a version before it is stored (spec/cloud.md §1.3).
    std::optional<api_error> (*check)(const json::object& content);

    bool is_group() const { return list.empty(); }
    // "CoreDefinitionId", "GroupId"
    std::string id_member() const;
    // "CoreDefinitionVersionId", "GroupVersionId"
    std::string version_id_member() const;
    // "CoreDefinitionVersionArn": a group version's reference to one of this family.
    std::string reference_member() const;
};

// In the order in which V1 names those that a group version refers to in vain.
std::span<const definition_family> definition_families();
const definition_family& group_family();
// By kind; the kinds that exist are known when this is written.
const definition_family& family_of(std::string_view kind);

}  // namespace evergrass::cloud::greengrass
