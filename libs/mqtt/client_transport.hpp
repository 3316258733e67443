#pragma once

#include "libs/rt/stream.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace evergrass::mqtt {

// The client's byte stream, TLS or plain, on Asio but behind plain calls. Each of receive and send
// may be under way once.
class transport {
public:
    // Kept alive until the call that was made with it has been answered; it owns the transport.
    class user {
    public:
        virtual ~user() = default;
        virtual void on_received(const boost::system::error_code& failed, std::size_t count) = 0;
        virtual void on_sent(const boost::system::error_code& failed) = 0;
        virtual void on_shut_down() = 0;
    };

    virtual ~transport() = default;
    virtual void receive(char* into, std::size_t size, std::shared_ptr<user> who) = 0;
    virtual void send(std::string_view bytes, std::shared_ptr<user> who) = 0;  // all of them
    // Says that no more will come and reads until the other side says so too: closing at once, with
    // bytes of the other side unread, would send a reset that can overtake what was sent last. The
    // caller sets the time limit, by close().
    virtual void shut_down(std::shared_ptr<user> who) = 0;
    virtual void close() = 0;
};

std::unique_ptr<transport> make_transport(rt::secure_connection connection);
std::unique_ptr<transport> make_transport(rt::plain_connection connection);

}  // namespace evergrass::mqtt
