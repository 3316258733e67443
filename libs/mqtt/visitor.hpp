#pragma once

#include "libs/mqtt/channel.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/server_options.hpp"
#include "libs/rt/reactor.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

class visitor;

// Who lets visitors in.
class visitor_host {
public:
    virtual ~visitor_host() = default;
    virtual rt::reactor& loop() = 0;
    virtual io_buffers& io() = 0;
    // The TLS handshake is over; `failure` empty: it succeeded. in_handshake() still says yes when
    // it failed.
    virtual void handshake_ended(visitor& who, const std::string& failure) = 0;
    // It is no WebSocket that it asks for.
    virtual void upgrade_refused(visitor& who, const std::string& why) = 0;
    // `received` is enough to tell whose shard it is for; take() it.
    virtual void arrived(visitor& who) = 0;
    // It got its refusal, in its handshake or after it, and has a moment to read it.
    virtual void leaving(visitor& who, bool in_handshake) = 0;
    // It is gone.
    virtual void gone(visitor& who) = 0;
};

// A connection between accept and the client id of its CONNECT: TLS handshake, WebSocket upgrade,
// first packet. The host destroys it in gone(), or later when it wants it to go.
class visitor final : public rt::reactor::watcher {
public:
    visitor(visitor_host& host, channel socket, client_identity who, std::uint16_t port,
            bool websocket, std::size_t max_packet_bytes);
    ~visitor() override;

    // With what was read already. False: the system cannot watch the socket.
    bool start(std::string received = {});

    void ready(bool readable, bool writable) override;

    int socket() const { return socket_.socket(); }
    client_identity& who() { return who_; }
    std::uint16_t port() const { return port_; }
    bool in_handshake() const { return stage_ == stage::handshake; }
    bool is_leaving() const { return stage_ == stage::leaving; }
    bool resumed() { return socket_.tls() != nullptr && socket_.tls()->resumed(); }

    // Of arrived(): the id in its CONNECT; nullopt: this is no CONNECT that can be understood.
    std::optional<std::string> client_id;
    // The socket, which is watched no more, and all bytes of MQTT that came.
    channel take_socket();
    // Is called for nothing any more, and closes the socket.
    void drop();
    std::string take_received() { return std::move(received_); }

    // Where the host keeps it.
    std::list<std::unique_ptr<visitor>>::iterator place;
    mono_time deadline{};

private:
    enum class stage { handshake, upgrade, connect, leaving };

    void read();
    void shake_hands();
    void take(const channel::read_result& got);
    void advance();
    void upgrade();
    void connect();
    bool write();
    void leave();
    void go();

    visitor_host& host_;
    channel socket_;
    client_identity who_;
    const std::uint16_t port_;
    const bool websocket_;
    bool blocked_ = false;
    stage stage_;
    const std::size_t max_packet_bytes_;
    std::string received_;
    rt::reactor::watch_id watch_ = 0;
};

}  // namespace evergrass::mqtt
