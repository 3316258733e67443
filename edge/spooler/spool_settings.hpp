#pragma once

#include "contract/manifest.hpp"
#include "libs/base/result.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace evergrass::edge {

enum class spool_storage { memory, file_system };
std::string_view to_string(spool_storage storage);  // "Memory", "FileSystem"

// What the environment of the group's GGCloudSpooler says (spec/core.md §10).
struct spool_settings {
    static constexpr std::uint64_t least_bytes = 262'144;  // V1's

    spool_storage storage = spool_storage::memory;  // GG_CONFIG_STORAGE_TYPE
    // GG_CONFIG_MAX_SIZE_BYTES: topics and payloads of all that waits; V1's 2.5 MB.
    std::uint64_t max_bytes = 2'621'440;

    bool operator==(const spool_settings&) const = default;
};

// Of the function GGCloudSpooler among these, with or without a version in its ARN; V1's defaults
// without one. The error names the variable and what it may be. Other variables are not looked at.
result<spool_settings> spool_settings_of(const std::vector<contract::function>& functions);

}  // namespace evergrass::edge
