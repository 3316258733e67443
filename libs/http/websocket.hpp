#pragma once

#include "libs/http/message.hpp"

#include <span>
#include <string_view>

// The HTTP part of a WebSocket (RFC 6455 §4): who speaks on the connection afterwards sends and
// reads frames.
namespace evergrass::http {

// The request asks for a change of protocol to WebSocket.
bool asks_for_websocket(const request& asked);

// The answer to a request that asks for a WebSocket: 101, without its `upgrade`, and the first of
// `protocols` that the client offers; or 400, 405 or 426 with a one-line reason. Extensions are not
// spoken.
response answer_websocket(const request& asked, std::span<const std::string_view> protocols);

}  // namespace evergrass::http
