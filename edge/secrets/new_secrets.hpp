#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass::edge {

// What a service signs of secrets that changed after their deployment:
// docs/core-service-protocol.md.
struct new_secrets {
    std::string deployment_id;  // whose secrets they are
    std::string version;        // for the next question
    std::string sealed;         // for the core's certificate, as a deployment's
};

// The error names the member.
result<new_secrets> parse_new_secrets(std::string_view text);

}  // namespace evergrass::edge
