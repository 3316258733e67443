#pragma once

#include "cloud/greengrass/group_authority.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud::greengrass {

// Who signs what the core of a group asks for.
struct core_issuer {
    std::optional<group_authority> authority;  // none: the thing is not the group's core
    std::int64_t expiry_ms = 0;                // of a server's certificate
};

// Takes the store's lock.
result<core_issuer> find_core_issuer(store& state, const std::string& thing,
                                     const std::string& group_id);

// The message of a 404 when there is none.
std::string not_the_core(const std::string& thing, const std::string& group_id);

// Devices whose clock runs behind still accept a certificate that was just made.
inline constexpr std::chrono::hours certificate_clock_allowance{24};

// An address or a host name, as far as its characters go; at most 253 of them.
bool is_certificate_name(std::string_view name);

}  // namespace evergrass::cloud::greengrass
