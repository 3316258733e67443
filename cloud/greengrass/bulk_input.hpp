#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::greengrass {

// The input of a bulk deployment is less than 100 MB (spec/cloud.md §1.7).
inline constexpr std::size_t largest_bulk_input = 100'000'000;

struct bulk_record {
    std::string group_id;
    std::string group_version;
};

struct bulk_input {
    std::vector<bulk_record> records;
    // V1's texts, each with its line's number; empty: all lines are good.
    std::vector<std::string> faults;
};

// Lines of {"GroupId", "GroupVersionId", "DeploymentType": "NewDeployment"} in UTF-8, each shorter
// than 256 bytes; empty lines don't count.
bulk_input parse_bulk_input(std::string_view text);

}  // namespace evergrass::cloud::greengrass
