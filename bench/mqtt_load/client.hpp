#pragma once

#include "bench/mqtt_load/tls.hpp"
#include "bench/mqtt_load/wire.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mqtt_load {

struct target {
    std::uint16_t port = 0;  // on 127.0.0.1
    protocol version = protocol::v3_1_1;
    tls_client* tls = nullptr;  // none: plain TCP
};

// The client ID and the common name of device `number`; also the thing's name in the group.
std::string device_name(std::size_t number);

// One connection that has been accepted by the broker. Opening one blocks; after start() it is
// driven by a poller. A connection that the broker closes is an exception: no scenario expects it.
class client {
public:
    // Connects, does the handshakes of TLS and MQTT. `resume` is offered to TLS when given.
    // Throws std::runtime_error, with the reason, also after 20 s of silence.
    client(const target& to, std::size_t device, SSL_SESSION* resume = nullptr);
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client();

    // Blocks until the SUBACK; throws when the broker refuses.
    void subscribe(std::string_view filter, std::uint8_t qos);
    // Blocks until the PINGRESP; throws when the connection is gone.
    void ping();
    // Says goodbye and closes; blocks until the broker has closed too.
    void disconnect();
    bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1; }
    const connack& accepted() const { return accepted_; }

    // From here on the socket does not block.
    void start();

    int descriptor() const { return descriptor_; }
    // Bytes for the broker: append, then flush().
    std::string& out() { return out_; }
    bool all_sent() const { return out_.empty(); }
    // Hands as much as it can to the kernel.
    void flush();
    // Reads what is there and calls on_packet for each whole packet.
    void receive(const std::function<void(const packet&)>& on_packet);

private:
    std::size_t send_some(const char* from, std::size_t size);
    // 0: nothing there now.
    std::size_t read_some(char* to, std::size_t size);
    void send_blocking(const std::string& bytes);
    // The next whole packet, which lives in `into`.
    packet read_blocking(std::string& into);

    protocol version_;
    int descriptor_ = -1;
    ssl_ptr ssl_;
    connack accepted_;
    std::string out_;
    std::size_t out_begin_ = 0;
    std::string in_;  // the beginning of a packet
};

// Readiness of clients.
class poller {
public:
    poller();
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;
    ~poller();

    void add(client& c, std::uint64_t key);
    // Asks to be told also when `c` can send, or no longer.
    void watch_sending(client& c, std::uint64_t key, bool wanted);

    struct event {
        std::uint64_t key = 0;
        bool readable = false;
        bool writable = false;
    };
    // Does not wait; the result is valid until the next call.
    const std::vector<event>& poll();

private:
    int epoll_;
    std::vector<event> events_;
};

}  // namespace mqtt_load
