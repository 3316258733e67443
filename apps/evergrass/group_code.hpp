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

// The archive of a model, as a core takes it: docs/models.md.
struct model_archive {
    std::string bytes;
    std::string sha256;     // 64 hex digits
    std::string extension;  // ".zip", ".tar.gz"
};

// By its first bytes; `whose` is for the error.
result<model_archive> model_of(std::string bytes, const std::string& whose);

// A zip or tar.gz as it is, at most 250 MiB, or a folder as read_code() makes a zip of it.
result<model_archive> read_model(const std::filesystem::path& archive_or_folder);

// Those of a group's resources that have "model.path", by the resource's id.
result<std::map<std::string, model_archive>> read_all_models(const json::object& group,
                                                             const std::filesystem::path& base);

// The packages of a group's functions that have "code", by the part's key; paths are taken from
// `base`, the group file's folder. The error names the function.
result<std::map<std::string, code_package>> read_all_code(const json::object& group,
                                                          const std::filesystem::path& base);

}  // namespace evergrass::cli
