#pragma once

#include "apps/evergrass/check_rules.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::cli {

struct check_options {
    std::filesystem::path file;
    bool json = false;
};

// Looks at the subscriptions of a group before it is deployed. The exit status: 0 no errors
// (warnings perhaps), 1 errors, 2 the file can't be read or is no group.
int run_check(const check_options& options);

std::string check_text(const std::string& file, const edge::group_file& group,
                       const std::vector<finding>& findings);
json::object check_json(const std::string& file, const edge::group_file& group,
                        const std::vector<finding>& findings);

}  // namespace evergrass::cli
