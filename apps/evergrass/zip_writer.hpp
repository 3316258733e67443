#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cli {

struct zip_entry {
    std::string name;  // path inside the archive
    std::string content;
    bool executable = false;
};

// A zip of regular files, mode 0644 or 0755. The same entries give the same bytes, so that its
// digest tells whether a function's code changed.
result<std::string> make_zip(const std::vector<zip_entry>& entries);

}  // namespace evergrass::cli
