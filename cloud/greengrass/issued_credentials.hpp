#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"

#include <string>
#include <string_view>

namespace evergrass::cloud::greengrass {

// Temporary AWS credentials on their way to a core.
struct issued_credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;
    std::string expiration;  // ISO-8601, UTC, whole seconds: 2026-11-27T13:00:00Z
};

std::string format_expiration(wall_time expires);

// Reads STS's answer to AssumeRole: XML of its Query API, version 2011-06-15. The error names the
// element that is missing.
result<issued_credentials> parse_assume_role_answer(std::string_view xml);

// What STS says is wrong, "AccessDenied: User … is not authorized …"; empty when it says nothing.
std::string sts_refusal(std::string_view xml);

}  // namespace evergrass::cloud::greengrass
