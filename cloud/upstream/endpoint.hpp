#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace evergrass::cloud::upstream {

// http[s]://HOST[:PORT], taken apart.
struct endpoint {
    std::string host;
    std::uint16_t port = 0;
    bool tls = false;

    std::string url() const;          // without the port where it is the usual one
    std::string host_header() const;  // as clients send it
};

// `field` is what the error calls it: an option, or a member of the settings.
result<endpoint> parse_endpoint(std::string_view field, std::string_view text);

}  // namespace evergrass::cloud::upstream
