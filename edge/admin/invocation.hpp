#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"
#include "libs/http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// POST /invoke on the core's socket (docs/cli.md, "The core's socket").
namespace evergrass::edge {

struct invocation_request {
    std::string function;  // ARN or name
    std::string payload;
    std::string client_context;  // base64 of a JSON object, or empty
    bool event = false;          // the result is not waited for
};

struct invocation_reply {
    std::string arn;
    std::string id;
    std::string outcome;  // "success", "handled", "unhandled", "accepted"
    std::string body;
    std::string log;
    std::int64_t took_us = 0;
};

// {"function", "payloadBase64", "clientContext": {…}, "event"}; all but the first may be missing.
result<invocation_request> read_invocation(std::string_view body);

json::object to_json(const invocation_reply& reply);

// 200 with the reply as JSON, or {"message"}: 400 bad input, 404 no such function, 503 not now.
http::response invocation_answer(const result<invocation_reply>& reply);

}  // namespace evergrass::edge
