#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace evergrass::rt {

// What passes between a socket and the TLS channels of one thread, one channel at a time.
struct tls_wire {
    std::string_view input;  // ciphertext that came; a channel takes all of it
    std::string output;      // ciphertext to send; channels append
};

// One connection's TLS without its socket: ciphertext in and plaintext out, and the other way
// round. Each call works on the wire that it is given, so that idle connections share their
// thread's buffers; between two calls it may move to another thread. OpenSSL keeps a copy of what
// it needs of an unfinished record, so that wire.input is empty after each call that did not fail.
class tls_channel {
public:
    enum class role { server, client };
    enum class progress {
        done,         // the handshake is over; or all input has been decrypted
        wants_input,  // the handshake waits for the peer
        full,         // `into` is full and there may be more
        closed,       // close_notify has come
        failed,       // failure() says why; an alert may be in wire.output
    };

    // Memory that runs out throws std::bad_alloc.
    tls_channel(ssl_ctx_st* context, role side);
    ~tls_channel();
    tls_channel(tls_channel&& other) noexcept;
    tls_channel& operator=(tls_channel&&) = delete;

    // A step with what has come; done: the handshake is over, and read() goes on with what is left
    // of wire.input.
    progress handshake(tls_wire& wire);

    struct read_result {
        std::size_t count = 0;  // bytes of plaintext, whatever `state` is
        progress state = progress::done;
    };
    read_result read(tls_wire& wire, char* into, std::size_t size);

    // Encrypts all of it, in records of at most 16 KiB. False: the channel has failed.
    bool write(tls_wire& wire, std::string_view plain);
    // close_notify.
    void close(tls_wire& wire);

    // In words, for the person who set it up.
    std::string failure() const;

    // After the handshake.
    std::optional<std::string> peer_certificate_id() const;
    std::string alpn() const;  // empty: none was agreed
    bool resumed() const;
    // "TLSv1.3".
    std::string version() const;

    ssl_st* handle() { return handle_; }

private:
    progress outcome(int returned);

    ssl_st* handle_;
    unsigned long last_error_ = 0;
};

}  // namespace evergrass::rt
