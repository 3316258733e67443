#pragma once

#include "cloud/gateway/transaction.hpp"
#include "libs/http/message.hpp"

#include <functional>
#include <string_view>

namespace evergrass::cloud {

// The request's Host is an address of this machine: a name that a foreign page cannot have made
// resolve to us.
bool has_loopback_host(const http::request& asked);

inline constexpr std::string_view reset_path = "/_evergrass/reset";

// `POST /_evergrass/reset` for conformance suites: empties the service, and has done so when it
// answers. Unsigned, hence only on the plain-HTTP loopback listener, only when started with
// --allow-reset, and never for a web page's request: it needs a header that a page cannot send
// unasked, and a loopback Host.
answer<http::response> serve_reset(const std::function<result<void>()>& reset,
                                   const http::request& asked, bool plain_loopback);

}  // namespace evergrass::cloud
