#pragma once

#include "cloud/greengrass/group_contents.hpp"
#include "contract/manifest.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::greengrass {

// A published version of a function, as the Lambda part of the service keeps it.
struct published_version {
    std::string arn;             // ends in the version's number
    json::object configuration;  // in Lambda's spelling
    std::string blob;            // SHA-256 of the package, hex
    std::int64_t code_size = 0;
};

// Follows an alias to its version (spec/cloud.md §1.6). A reason, for people, when there is none.
struct version_lookup {
    std::optional<published_version> found;
    std::string reason;
};
result<version_lookup> find_published_version(greengrass_services& in, std::string_view arn);

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
                                     build_log& log);

}  // namespace evergrass::cloud::greengrass
