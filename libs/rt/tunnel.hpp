#pragma once

#include "libs/rt/stream.hpp"

namespace evergrass::rt::detail {

// A connection to options.host that options.proxy has made. With a proxy that is spoken to by TLS
// it is one end of a socket pair, whose other end is carried through that until either side closes.
// Errors name neither of the two hosts when the proxy was reached.
asio::awaitable<result<plain_connection>> dial_tunnel(dial_options options);

}  // namespace evergrass::rt::detail
