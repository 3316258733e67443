#pragma once

#include "libs/http/server.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>

namespace evergrass::http {

// HTTP on a unix socket, for those who look after a program: mode 0600, so only the user that the
// program runs as, and root, get in; and each connection is asked for its user all the same. A
// request's remote_address is "local:UID". One executor.
class local_server {
public:
    local_server(boost::asio::any_io_executor executor, std::filesystem::path socket,
                 server_options options, handler handle, logger log);
    ~local_server();  // close()

    // Makes the folder (0755) and the socket; takes the place of what a killed program left there.
    // REQUIRES: no other program serves at this path. Errors name it.
    result<void> open();
    // Removes the socket; nobody gets in any more.
    void close();
    // close(), and ends the connections.
    boost::asio::awaitable<void> stop();

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::http
