#include "libs/mqtt/channel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>

namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_record = 16 * 1024;
constexpr std::size_t max_pieces = 64;                // of one write
constexpr std::size_t max_plain_write = 1024 * 1024;  // the kernel takes less anyway
// What is encrypted has left the outbox, whether the socket takes it or not.
constexpr std::size_t max_tls_write = 64 * 1024;
constexpr std::uint16_t normal_closure = 1000;

std::string_view bytes_of(const iovec& piece) {
    return {static_cast<const char*>(piece.iov_base), piece.iov_len};
}

std::size_t total(std::span<const iovec> pieces) {
    std::size_t sum = 0;
    for (const auto& each : pieces) {
        sum += each.iov_len;
    }
    return sum;
}

ssize_t send_pieces(int socket, std::span<iovec> pieces) {
    ssize_t sent = 0;
    do {
        if (pieces.size() == 1) {
            sent = ::send(socket, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = pieces.data();
            message.msg_iovlen = pieces.size();
            sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        }
    } while (sent < 0 && errno == EINTR);
    return sent;
}

// Now, and not with the next bytes that go out: a client under Nagle's algorithm, whose handshake
// ends with a message of its own, holds its CONNECT back until then.
void acknowledge(int socket) {
    const int at_once = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof at_once);
}

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

}  // namespace

io_buffers::io_buffers()
    : plain(std::make_unique_for_overwrite<char[]>(plain_size)),
      cipher(std::make_unique_for_overwrite<char[]>(large_read)) {}

channel::~channel() {
    close();
}

channel::channel(channel&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      error_(other.error_),
      tls_failed_(other.tls_failed_),
      in_handshake_(other.in_handshake_),
      tls_(std::move(other.tls_)),
      web_(std::move(other.web_)),
      unsent_(std::move(other.unsent_)),
      frame_left_(other.frame_left_) {}

void channel::close() {
    if (socket_ >= 0) {
        ::close(std::exchange(socket_, -1));
    }
}

void channel::shut() {
    ::shutdown(socket_, SHUT_WR);
}

bool channel::read_away(io_buffers& io) {
    const auto count = receive(io.plain.get(), io_buffers::large_read);
    return count > 0 || (count < 0 && would_block());
}

channel::state channel::fail() {
    error_ = errno;
    return state::closed;
}

std::string channel::why() const {
    if (web_ && !web_->why().empty()) {
        return std::string(web_->why());
    }
    if (tls_failed_) {
        return tls_->failure();
    }
    if (in_handshake_) {
        return "the other side closed the connection during the TLS handshake";
    }
    return error_ != 0 ? std::system_category().message(error_)
                       : "the client closed the connection";
}

// --- reading ------------------------------------------------------------------------------------

// Like recv(), but for an interruption.
ssize_t channel::receive(char* into, std::size_t size) {
    ssize_t count = 0;
    do {
        count = ::recv(socket_, into, size, 0);
    } while (count < 0 && errno == EINTR);
    return count;
}

channel::read_result channel::read(io_buffers& io, std::span<char> first, std::span<char> second,
                                   std::size_t at_most) {
    ssize_t count = 0;
    if (tls_) {
        count = receive(io.cipher.get(), std::min(at_most, io_buffers::large_read));
        if (count > 0) {
            io.wire.input = {io.cipher.get(), static_cast<std::size_t>(count)};
            return decrypt(io, first, second);
        }
    } else if (first.empty() || web_) {
        count = receive(second.data(), at_most);
    } else {
        const std::array<iovec, 2> into{iovec{first.data(), first.size()},
                                        iovec{second.data(), at_most}};
        do {
            count = ::readv(socket_, into.data(), into.size());
        } while (count < 0 && errno == EINTR);
    }
    if (count < 0) {
        return {0, 0, would_block() ? state::open : fail()};
    }
    if (count == 0) {
        return {0, 0, state::closed};
    }
    const auto size = static_cast<std::size_t>(count);
    if (web_) {
        return unframe(second.first(size));
    }
    const auto in_first = std::min(size, first.size());
    return {in_first, size - in_first, state::open};
}

channel::read_result channel::decrypt(io_buffers& io, std::span<char> first,
                                      std::span<char> second) {
    using progress = rt::tls_channel::progress;
    read_result result;
    auto state_of_tls = progress::full;
    if (!first.empty() && !web_) {
        const auto got = tls_->read(io.wire, first.data(), first.size());
        result.first = got.count;
        state_of_tls = got.state;
    }
    if (state_of_tls == progress::full) {
        const auto got = tls_->read(io.wire, second.data(), second.size());
        result.second = got.count;
        state_of_tls = got.state;
    }
    io.wire.input = {};
    take_wire(io);  // an alert, an answer to a key update
    if (state_of_tls == progress::closed || state_of_tls == progress::failed) {
        tls_failed_ = state_of_tls == progress::failed;
        result.after = state::closed;
    }
    if (web_ && result.second > 0) {
        const auto inside = unframe(second.first(result.second));
        result.second = inside.second;
        if (inside.after == state::closed) {
            result.after = state::closed;
        }
    }
    return result;
}

channel::read_result channel::read_rest(io_buffers& io, std::span<char> into) {
    return io.wire.input.empty() ? read_result{} : decrypt(io, {}, into);
}

channel::read_result channel::unframe(std::span<char> bytes) {
    const auto got = web_->receive(bytes);
    return {0, got.data, got.ended ? state::closed : state::open};
}

channel::handshake channel::shake_hands(io_buffers& io) {
    in_handshake_ = true;
    const auto count = receive(io.cipher.get(), io_buffers::usual_read);
    if (count <= 0) {
        if (count < 0 && would_block()) {
            return handshake::goes_on;
        }
        error_ = count < 0 ? errno : 0;
        return handshake::failed;
    }
    io.wire.input = {io.cipher.get(), static_cast<std::size_t>(count)};
    const auto progress = tls_->handshake(io.wire);
    take_wire(io);
    switch (progress) {
        case rt::tls_channel::progress::done:
            in_handshake_ = false;
            if (unsent_.empty()) {
                acknowledge(socket_);
            }
            return handshake::done;
        case rt::tls_channel::progress::wants_input:
            return handshake::goes_on;
        default:
            io.wire.input = {};
            tls_failed_ = progress == rt::tls_channel::progress::failed;
            return handshake::failed;
    }
}

// --- writing ------------------------------------------------------------------------------------

channel::state channel::write(io_buffers& io, outbox& out) {
    return tls_ ? write_tls(io, out) : write_plain(out);
}

channel::state channel::send_unsent() {
    if (unsent_.empty()) {
        return state::open;
    }
    iovec whole{unsent_.data(), unsent_.size()};
    const auto sent = send_pieces(socket_, {&whole, 1});
    if (sent < 0) {
        return would_block() ? state::blocked : fail();
    }
    if (static_cast<std::size_t>(sent) < unsent_.size()) {
        unsent_.erase(0, static_cast<std::size_t>(sent));
        return state::blocked;
    }
    std::string().swap(unsent_);  // assigning an empty one would keep the memory
    return state::open;
}

channel::state channel::write_plain(outbox& out) {
    for (;;) {
        if (web_ && frame_left_ == 0) {
            unsent_ += std::exchange(web_->control(), {});
            if (const auto size = std::min(out.size(), max_plain_write); size > 0) {
                char head[websocket::max_head];
                unsent_.append(head, websocket::write_head(size, head));
                frame_left_ = size;
            }
        }
        std::array<iovec, max_pieces> pieces;
        std::size_t count = 0;
        if (!unsent_.empty()) {
            pieces[count++] = {unsent_.data(), unsent_.size()};
        }
        count += out.gather(std::span(pieces).subspan(count), web_ ? frame_left_ : max_plain_write);
        if (count == 0) {
            return state::open;
        }
        const auto all = std::span(pieces).first(count);
        const auto size = total(all);
        const auto sent = send_pieces(socket_, all);
        if (sent < 0) {
            return would_block() ? state::blocked : fail();
        }
        const auto of_unsent = std::min(static_cast<std::size_t>(sent), unsent_.size());
        const auto of_out = static_cast<std::size_t>(sent) - of_unsent;
        if (of_unsent > 0) {
            unsent_.erase(0, of_unsent);
        }
        if (unsent_.empty()) {
            std::string().swap(unsent_);
        }
        out.written(of_out);
        if (web_) {
            frame_left_ -= of_out;
        }
        if (static_cast<std::size_t>(sent) < size) {
            return state::blocked;
        }
        if (out.empty()) {
            return state::open;
        }
    }
}

// Pieces of less than a record are put together, so that what is pending takes as few as it can.
void channel::encrypt(io_buffers& io, std::string_view bytes) {
    while (!bytes.empty() && !tls_failed_) {
        if (io.record.empty() && bytes.size() >= max_record) {
            const auto whole = bytes.size() / max_record * max_record;
            tls_failed_ = !tls_->write(io.wire, bytes.substr(0, whole));
            bytes.remove_prefix(whole);
            continue;
        }
        const auto part = bytes.substr(0, max_record - io.record.size());
        io.record += part;
        bytes.remove_prefix(part.size());
        if (io.record.size() == max_record) {
            end_record(io);
        }
    }
}

bool channel::end_record(io_buffers& io) {
    if (!io.record.empty() && !tls_failed_) {
        tls_failed_ = !tls_->write(io.wire, io.record);
    }
    io.record.clear();
    return !tls_failed_;
}

void channel::take_control(io_buffers& io) {
    if (web_ && !web_->control().empty()) {
        encrypt(io, web_->control());
        web_->control() = {};
    }
}

channel::state channel::write_tls(io_buffers& io, outbox& out) {
    for (;;) {
        if (const auto sent = send_unsent(); sent != state::open) {
            return sent;
        }
        std::array<iovec, max_pieces> pieces;
        const auto all = std::span(pieces).first(out.gather(pieces, max_tls_write));
        const auto size = total(all);
        take_control(io);
        if (size > 0 && web_) {
            char head[websocket::max_head];
            encrypt(io, {head, websocket::write_head(size, head)});
        }
        if (all.size() == 1 && io.record.empty()) {
            tls_failed_ = tls_failed_ || !tls_->write(io.wire, bytes_of(all[0]));
        } else {
            for (const auto& each : all) {
                encrypt(io, bytes_of(each));
            }
        }
        if (!end_record(io)) {
            io.wire.output.clear();
            return state::closed;
        }
        out.written(size);
        if (io.wire.output.empty()) {
            return state::open;
        }
        iovec whole{io.wire.output.data(), io.wire.output.size()};
        const auto sent = send_pieces(socket_, {&whole, 1});
        if (sent < 0 && !would_block()) {
            io.wire.output.clear();
            return fail();
        }
        const auto gone = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
        const bool blocked = gone < io.wire.output.size();
        if (blocked) {
            unsent_.assign(io.wire.output, gone);
        }
        io.wire.output.clear();
        if (blocked || out.empty()) {
            return blocked ? state::blocked : state::open;
        }
    }
}

// The memory stays, for the next.
void channel::take_wire(io_buffers& io) {
    if (!io.wire.output.empty()) {
        unsent_ += io.wire.output;
        io.wire.output.clear();
    }
}

void channel::say(io_buffers& io, std::string_view bytes) {
    if (!tls_) {
        unsent_ += bytes;
        return;
    }
    encrypt(io, bytes);
    end_record(io);
    take_wire(io);
}

void channel::say_goodbye(io_buffers& io) {
    if (web_) {
        web_->close(normal_closure);
        say(io, std::exchange(web_->control(), {}));
    }
    if (tls_ && !tls_failed_ && !in_handshake_) {
        tls_->close(io.wire);
        take_wire(io);
    }
}

}  // namespace evergrass::mqtt
