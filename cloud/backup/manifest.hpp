#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

inline constexpr int backup_format = 1;
inline constexpr std::string_view manifest_name = "evergrass-backup.json";
inline constexpr std::string_view seal_name = "evergrass-backup.sha256";

// The first file of a backup, docs/formats/backup.md.
struct backup_manifest {
    struct file {
        std::string name;
        std::int64_t size = 0;
        std::string sha256;
    };
    std::int64_t schema = 0;  // of the database
    std::string version;      // of the build that wrote it
    std::string created;      // ISO 8601
    std::vector<file> files;  // in the order in which they follow
};

std::string to_text(const backup_manifest& manifest);

// Errors name the member. A name is service.db, ca.pem, device-ca.pem, keys.sealed, or
// objects/XX/SHA256: nothing that leads out of a folder.
result<backup_manifest> parse_backup_manifest(std::string_view text);

}  // namespace evergrass::cloud
