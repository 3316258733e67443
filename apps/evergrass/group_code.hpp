#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace evergrass::cli {

// A function's code, as it is uploaded.
struct code_package {
    std::string zip;
    std::string digest;  // base64 of the SHA-256, as Lambda's CodeSha256
};

// A zip as it is, or a folder as a zip that is the same whenever its files are: sorted, with a
// fixed time, and with the owner's execute bit alone. Left out of a folder: .git, .hg, .svn,
// __pycache__,
// *.pyc, and links to folders. At most 250 MiB unpacked, Lambda's limit.
result<code_package> read_code(const std::filesystem::path& zip_or_folder);

// The packages of a group's functions that have "code", by the part's key; paths are taken from
// `base`, the group file's folder. The error names the function.
result<std::map<std::string, code_package>> read_all_code(const json::object& group,
                                                          const std::filesystem::path& base);

}  // namespace evergrass::cli
