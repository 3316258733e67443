#pragma once

#include "libs/mqtt/outbox.hpp"
#include "libs/mqtt/websocket.hpp"
#include "libs/rt/tls_channel.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace evergrass::mqtt {

// What the channels of one thread share, so that an idle one needs none of it. Memory that was
// never used is never touched.
struct io_buffers {
    // Of one read, for a client whose packets are small, and for one that has sent a large one.
    static constexpr std::size_t usual_read = 64 * 1024;
    static constexpr std::size_t large_read = 256 * 1024;
    // Room for what was there before, and for what TLS had kept of a record.
    static constexpr std::size_t slack = 32 * 1024;
    static constexpr std::size_t plain_size = large_read + slack;

    io_buffers();

    std::unique_ptr<char[]> plain;   // of plain_size; where the bytes of MQTT are read to
    std::unique_ptr<char[]> cipher;  // of large_read
    rt::tls_wire wire;
    std::string record;  // small pieces on their way into one TLS record
    outbox_pool pool;
};

// One client's bytes of MQTT, whatever carries them: TCP, or TLS, WebSocket, or both, above it.
// Owns the socket, which does not block. Between two calls it may move to another thread.
class channel {
public:
    // Takes the socket over.
    explicit channel(int socket) : socket_(socket) {}
    ~channel();
    channel(channel&& other) noexcept;
    channel& operator=(channel&&) = delete;

    int socket() const { return socket_; }
    rt::tls_channel* tls() { return tls_.get(); }
    bool is_web() const { return web_ != nullptr; }
    void use_tls(std::unique_ptr<rt::tls_channel> tls) { tls_ = std::move(tls); }
    // The upgrade has been accepted: all that follows is in frames.
    void use_web() { web_ = std::make_unique<websocket>(); }

    enum class state {
        open,     // read: there may be more later; write: all has been written
        blocked,  // write: the socket takes no more now
        closed,   // the peer has ended; why()
    };
    struct read_result {
        std::size_t first = 0;
        std::size_t second = 0;
        state after = state::open;
    };
    // One read of the socket, of at most `at_most` bytes, into `first` and, when that is full,
    // `second`; with WebSocket into `second` alone. REQUIRES: `second` has room for at_most and
    // io_buffers::slack / 2 more.
    read_result read(io_buffers& io, std::span<char> first, std::span<char> second,
                     std::size_t at_most);
    // What is left of the read that ended the handshake; like read(), without reading.
    read_result read_rest(io_buffers& io, std::span<char> into);
    // The frames that `bytes`, which were read before use_web(), begin with: bytes of MQTT, moved
    // to the front.
    read_result unframe(std::span<char> bytes);

    enum class handshake { goes_on, done, failed };
    // A step with what has come, by one read; write() follows in any case. Done: read_rest() has to
    // be called before this thread's buffers are used for another channel.
    handshake shake_hands(io_buffers& io);

    // Writes what is in `out`, and what did not leave before, as far as the socket takes it.
    state write(io_buffers& io, outbox& out);
    // Bytes that are no MQTT and in no frame: an answer to an upgrade. write() follows.
    void say(io_buffers& io, std::string_view bytes);
    // Says goodbye as TLS and WebSocket want it; write() follows. Nothing is written after that.
    void say_goodbye(io_buffers& io);
    bool has_unsent() const { return !unsent_.empty() || (web_ && !web_->control().empty()); }
    // No more will be written.
    void shut();
    // Reads and forgets. False: the peer has closed too.
    bool read_away(io_buffers& io);

    // Why it is closed: "the client closed the connection", the system's or TLS's reason.
    std::string why() const;

    void close();

private:
    ssize_t receive(char* into, std::size_t size);
    read_result decrypt(io_buffers& io, std::span<char> first, std::span<char> second);
    state fail();
    void encrypt(io_buffers& io, std::string_view bytes);
    bool end_record(io_buffers& io);
    void take_control(io_buffers& io);
    void take_wire(io_buffers& io);
    state write_plain(outbox& out);
    state write_tls(io_buffers& io, outbox& out);
    state send_unsent();

    int socket_ = -1;
    int error_ = 0;  // of the system; 0: none
    bool tls_failed_ = false;
    bool in_handshake_ = false;
    std::unique_ptr<rt::tls_channel> tls_;
    std::unique_ptr<websocket> web_;
    std::string unsent_;          // as it goes to the socket; before all else
    std::size_t frame_left_ = 0;  // bytes of MQTT that the frame which was begun still wants
};

}  // namespace evergrass::mqtt
