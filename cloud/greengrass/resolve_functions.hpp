#pragma once

#include "cloud/greengrass/group_contents.hpp"
#include "cloud/greengrass/upstream_finds.hpp"
#include "contract/manifest.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::greengrass {

// Follows an alias to its version (spec/cloud.md §1.6), at the Lambda of `finds` or this service's.
result<version_lookup> find_published_version(greengrass_services& in, const upstream_finds& finds,
                                              std::string_view arn);

// True for arn:aws:lambda:::function:GGIPDetector:1 and its like, which come with the core.
bool is_system_function(std::string_view arn);

struct resolved_functions {
    std::vector<contract::function> functions;
    // From the ARN that the group names (with an alias, perhaps) to the version's.
    std::map<std::string, std::string, std::less<>> version_arns;
};

// The group's functions with their code and every default filled in (spec/core.md §5). What can't
// be resolved is a fault in `log`.
resolved_functions resolve_functions(greengrass_services& in, const group_contents& contents,
                                     const upstream_finds& finds, build_log& log);

}  // namespace evergrass::cloud::greengrass
