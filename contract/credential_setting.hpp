#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass::contract {

// Who gives a core the AWS credentials of its group's role: a group's setting, docs/credentials.md.
enum class credential_issuer {
    service,     // our own service, for its own APIs
    sts,         // AWS STS, which the service asks
    role_alias,  // AWS IoT's credentials provider, which the core asks itself
};

struct credential_setting {
    credential_issuer issuer = credential_issuer::service;
    std::string endpoint;  // of role_alias: "host", or "host:port" where it isn't 443
    std::string alias;     // of role_alias

    bool operator==(const credential_setting&) const = default;
};

// The group's tag that holds the setting.
inline constexpr std::string_view credentials_tag = "evergrass:credentials";

// Reads "service", "sts" or "role-alias:ENDPOINT/ALIAS". The error says which part is wrong and
// what the forms are.
result<credential_setting> parse_credential_setting(std::string_view text);
std::string to_string(const credential_setting& setting);

}  // namespace evergrass::contract
