#include "contract/credential_setting.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>

namespace evergrass::contract {
namespace {

constexpr std::string_view role_alias_prefix = "role-alias:";
constexpr std::size_t max_host_bytes = 253;   // RFC 1035
constexpr std::size_t max_alias_bytes = 128;  // AWS IoT's CreateRoleAlias

error wrong(std::string_view text, const std::string& why) {
    return {
        errc::invalid_input,
        "'" + std::string(text) + "' " + why +
            "; it must be service, sts or role-alias:ENDPOINT/ALIAS, where ENDPOINT is what `aws "
            "iot describe-endpoint --endpoint-type iot:CredentialProvider` answers"};
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= max_host_bytes && is_alphanumeric(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_alphanumeric(c) || c == '.' || c == '-'; });
}

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    return read.ec == std::errc() && read.ptr == end && port != 0;
}

bool is_endpoint(std::string_view text) {
    const auto colon = text.find(':');
    return is_host(text.substr(0, colon)) &&
           (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
}

// [\w=,@-]+
bool is_alias(std::string_view text) {
    return !text.empty() && text.size() <= max_alias_bytes &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_alphanumeric(c) || std::string_view("_=,@-").find(c) != std::string::npos;
           });
}

}  // namespace

result<credential_setting> parse_credential_setting(std::string_view text) {
    if (text == "service") {
        return credential_setting{};
    }
    if (text == "sts") {
        return credential_setting{credential_issuer::sts, {}, {}};
    }
    if (!text.starts_with(role_alias_prefix)) {
        return wrong(text, "names no source of credentials");
    }
    const auto rest = text.substr(role_alias_prefix.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return wrong(text, "has no '/' between endpoint and role alias");
    }
    if (!is_endpoint(rest.substr(0, slash))) {
        return wrong(text, "has an endpoint that is not a host name, or host:port");
    }
    if (!is_alias(rest.substr(slash + 1))) {
        return wrong(text,
                     "has a role alias that is not 1 to 128 letters, digits and '_', '=', ',', "
                     "'@', '-'");
    }
    return credential_setting{credential_issuer::role_alias, std::string(rest.substr(0, slash)),
                              std::string(rest.substr(slash + 1))};
}

std::string to_string(const credential_setting& setting) {
    switch (setting.issuer) {
        case credential_issuer::sts:
            return "sts";
        case credential_issuer::role_alias:
            return std::string(role_alias_prefix) + setting.endpoint + "/" + setting.alias;
        case credential_issuer::service:
            break;
    }
    return "service";
}

}  // namespace evergrass::contract
