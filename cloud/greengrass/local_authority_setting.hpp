#pragma once

#include "libs/base/result.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace evergrass::cloud::greengrass {

// The group's tag that says whether its core signs its own server's certificates, and for how long
// it may (docs/local-tls.md).
inline constexpr std::string_view local_authority_tag = "evergrass:local-authority";

struct local_authority_setting {
    bool allowed = true;
    std::optional<std::chrono::hours> life;  // none: until the group's CA ends
};

// "none", or 30 to 36500 days as digits. The error says so.
result<local_authority_setting> parse_local_authority_setting(std::string_view text);

}  // namespace evergrass::cloud::greengrass
