#pragma once

#include "edge/shadows/shadow_service.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// POST /shadow on the core's socket (docs/cli.md, "The core's socket").
namespace evergrass::edge {

struct shadow_admin_request {
    enum class kind { ask, watch, list } what = kind::ask;
    shadow::shadow_id which;
    shadow::operation operation = shadow::operation::get;
    std::string payload;
    std::int64_t seen = -1;  // watch: the version that is known, 0: that there is none
};

// {"operation": "get" | "update" | "delete" | "watch" | "list", "thing", "name", "payload",
// "version"}. The error names the member.
result<shadow_admin_request> read_shadow_request(std::string_view body);

// 200 with {"accepted": …} or {"rejected": {"code", "message"}}; of a list {"shadows": […]}. A
// watch is answered as a get once the version is another one, or with {"unchanged": true} after 20
// seconds. 400 with {"message"} for what is no request. `service` outlives it.
boost::asio::awaitable<http::response> answer_shadow_request(shadow_service& service,
                                                             std::string body);

}  // namespace evergrass::edge
