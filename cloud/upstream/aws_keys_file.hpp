#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace evergrass::cloud::upstream {

// The AWS keys of the service itself.
struct aws_keys {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;  // of temporary keys, else empty
};

// Reads the section [default] of an AWS shared credentials file (~/.aws/credentials). The error
// names the key that is missing, never a value.
result<aws_keys> parse_aws_keys(std::string_view text);
// `option` names the file for people: `--aws-credentials`.
result<aws_keys> read_aws_keys(const std::filesystem::path& file, std::string_view option);

// Where the service's AWS keys come from.
struct aws_keys_source {
    std::filesystem::path file{};  // read anew for each use; empty: `fixed`
    std::string option{};          // that named the file
    aws_keys fixed{};

    result<aws_keys> read() const;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as `variable` finds them (null:
// not set). The error names the one that is missing.
result<aws_keys> aws_keys_of_environment(
    const std::function<const char*(const char* name)>& variable);

}  // namespace evergrass::cloud::upstream
