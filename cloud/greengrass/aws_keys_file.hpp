#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace evergrass::cloud::greengrass {

// The AWS keys of the service itself.
struct aws_keys {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;  // of temporary keys, else empty
};

// Reads the section [default] of an AWS shared credentials file (~/.aws/credentials). The error
// names the key that is missing, never a value.
result<aws_keys> parse_aws_keys(std::string_view text);
result<aws_keys> read_aws_keys(const std::filesystem::path& file);

}  // namespace evergrass::cloud::greengrass
