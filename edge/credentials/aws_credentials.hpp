#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"

#include <string>
#include <string_view>

namespace evergrass::edge {

// Temporary credentials of the group's role.
struct aws_credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;
    wall_time expires;  // whole seconds
};

// Reads {"credentials": {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}}, the
// answer of our service and of AWS IoT's credentials provider. `expiration` is ISO-8601 in UTC,
// with or without a fraction of a second, which is dropped. The error names the member, never a
// value.
result<aws_credentials> parse_credentials_answer(std::string_view text);

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, what AWS SDKs read of a container
// credentials endpoint (spec/lambda-ipc.md §7).
std::string to_container_json(const aws_credentials& credentials);

}  // namespace evergrass::edge
