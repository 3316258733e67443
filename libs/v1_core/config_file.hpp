#pragma once

#include "libs/v1_core/findings.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

// V1's config.json as it was over the releases (spec/on-disk.md §10). Pure.
namespace evergrass::v1 {

struct old_config {
    bool configured = false;  // false: thingArn is missing or the package's placeholder
    std::string thing_arn;
    std::string thing_name;
    std::string partition;
    std::string region;
    std::string account;
    // As they stand: a path, a file:// URI or a pkcs11: URI.
    std::string certificate;
    std::string private_key;
    std::string ca;
    bool by_crypto = false;  // of the crypto section, which wins over coreThing's
    std::string iot_host;    // of a service that has ended: shown, never used
    std::string gg_host;
    std::string write_directory;     // empty: not set
    std::string pid_file_directory;  // empty: not set
    findings found;

    bool key_in_token() const { return private_key.starts_with("pkcs11:"); }
};

result<old_config> read_old_config(std::string_view text, std::string_view file);

// Where a file of the configuration is in the tree that is read. `certs`: the folder that relative
// paths of coreThing start at. An absolute path that is not there is tried below `root` (a mounted
// image); nullopt: neither is there, or it is no file.
std::optional<std::filesystem::path> find_credential(const std::string& named,
                                                     const std::filesystem::path& root,
                                                     const std::filesystem::path& certs);

}  // namespace evergrass::v1
