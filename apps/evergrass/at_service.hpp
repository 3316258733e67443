#pragma once

#include "apps/evergrass/api_client.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace evergrass::cli {

// What `work` gives, run to its end on an event loop of its own, on this thread, with a client of
// that service. SIGINT ends the program, as nothing is in the way.
result<void> run_at_service(
    const api_client_options& service,
    const std::function<boost::asio::awaitable<result<void>>(api_client&)>& work);

}  // namespace evergrass::cli
