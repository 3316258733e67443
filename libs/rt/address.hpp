#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace evergrass::rt {

// "127.0.0.1:51234", "[::1]:51234".
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace evergrass::rt
