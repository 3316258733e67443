#pragma once

#include "libs/mqtt/outbox.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

// Whoever carries the bytes of a link. Called on the link's shard.
class link_owner {
public:
    virtual ~link_owner() = default;
    // output() has got bytes, or closing() or wants_input() has changed. Called at most once until
    // the owner has looked (link::looked): owners put themselves on a list and write at the end of
    // the turn, so that all that one turn brings to a client leaves in one write.
    virtual void changed() = 0;
};

// The server's side of one MQTT connection: bytes and time in, bytes and decisions out. Made by
// broker::open(); it owns no socket and no clock. May be destroyed at any time, which is as
// transport_closed("…"); its broker must outlive it.
class link {
public:
    virtual ~link() = default;

    // Handles the whole packets at the start of `received` and says how many bytes that were. What
    // is left has to be passed again when more has come. Nothing is taken while !wants_input().
    virtual std::size_t receive(std::string_view received) = 0;
    // The peer has gone, or the transport broke. No other call but the destructor after that.
    virtual void transport_closed(std::string_view why) = 0;

    virtual outbox& output() = 0;
    // The owner writes what is in output() as far as the peer takes it, then closes. Final.
    virtual bool closing() const = 0;
    // False: so much waits to be written to a client that does not read that nothing more is read
    // from it.
    virtual bool wants_input() const = 0;
    // The owner took bytes out of output(), or has answered changed().
    virtual void looked() = 0;

    virtual const std::string& client_id() const = 0;  // empty before CONNECT
    virtual const std::string& why_closing() const = 0;
};

}  // namespace evergrass::mqtt
