#pragma once

#include "libs/base/json.hpp"
#include "libs/http/message.hpp"

namespace evergrass::edge {

inline http::response json_response(int status, const json::object& body) {
    http::response r;
    r.status = status;
    r.headers.add("content-type", "application/json");
    r.body = json::serialize(body);
    return r;
}

}  // namespace evergrass::edge
