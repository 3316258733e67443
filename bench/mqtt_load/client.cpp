#include "bench/mqtt_load/client.hpp"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace mqtt_load {
namespace {

constexpr std::size_t scratch_size = 1024 * 1024;

[[noreturn]] void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

[[noreturn]] void throw_closed() {
    throw std::runtime_error("the broker closed a connection");
}

// One process, one thread: reads of all clients share it.
char* scratch() {
    static const auto memory = std::make_unique<char[]>(scratch_size);
    return memory.get();
}

int connect_to(std::uint16_t port) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        throw_errno("socket (is `ulimit -n` high enough?)");
    }
    const int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const timeval patience{20, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int reason = errno;
        close(descriptor);
        errno = reason;
        throw_errno("connect to the broker");
    }
    return descriptor;
}

}  // namespace

std::string device_name(std::size_t number) {
    return "device-" + std::to_string(number);
}

client::client(const target& to, std::size_t device, SSL_SESSION* resume)
    : version_(to.version), descriptor_(connect_to(to.port)) {
    try {
        if (to.tls != nullptr) {
            ssl_ = to.tls->new_connection(device);
            SSL_set_fd(ssl_.get(), descriptor_);
            if (resume != nullptr) {
                SSL_set_session(ssl_.get(), resume);
            }
            if (SSL_connect(ssl_.get()) != 1) {
                throw std::runtime_error("TLS handshake: " + tls_error());
            }
        }
        std::string hello;
        append_connect(hello, version_, device_name(device));
        send_blocking(hello);
        std::string buffer;
        const auto answer = read_blocking(buffer);
        if (answer.type != packet_type::connack) {
            throw std::runtime_error("the broker answered CONNECT with something else");
        }
        accepted_ = read_connack(answer, version_);
        if (accepted_.code != 0) {
            throw std::runtime_error("the broker refused " + device_name(device) + ": CONNACK " +
                                     std::to_string(accepted_.code));
        }
    } catch (...) {
        close(descriptor_);
        throw;
    }
}

client::~client() {
    close(descriptor_);
}

void client::subscribe(std::string_view filter, std::uint8_t qos) {
    std::string request;
    append_subscribe(request, version_, filter, qos);
    send_blocking(request);
    std::string buffer;
    const auto answer = read_blocking(buffer);
    const auto code =
        answer.type == packet_type::suback ? read_suback_code(answer, version_) : 0x80;
    if (code != qos) {
        throw std::runtime_error("the broker did not grant QoS " + std::to_string(qos) + " for " +
                                 std::string(filter) + ": SUBACK " + std::to_string(code));
    }
}

void client::ping() {
    std::string request;
    append_pingreq(request);
    send_blocking(request);
    std::string buffer;
    if (read_blocking(buffer).type != packet_type::pingresp) {
        throw std::runtime_error("the broker answered PINGREQ with something else");
    }
}

void client::disconnect() {
    std::string goodbye;
    append_disconnect(goodbye, version_);
    send_blocking(goodbye);
    if (ssl_) {
        SSL_shutdown(ssl_.get());
    }
    shutdown(descriptor_, SHUT_WR);
    std::array<char, 1024> rest;
    while (recv(descriptor_, rest.data(), rest.size(), 0) > 0) {
    }
    ERR_clear_error();
}

void client::start() {
    fcntl(descriptor_, F_SETFL, fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
}

void client::send_blocking(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
        const auto count = send_some(bytes.data() + sent, bytes.size() - sent);
        if (count == 0) {
            throw std::runtime_error("the broker took nothing for 20 s");
        }
        sent += count;
    }
}

packet client::read_blocking(std::string& into) {
    into.clear();
    for (;;) {
        if (const auto whole = next_packet(into)) {
            return *whole;
        }
        // Byte by byte, so that nothing of the next packet is taken.
        char byte;
        if (read_some(&byte, 1) == 0) {
            throw std::runtime_error("the broker said nothing for 20 s");
        }
        into.push_back(byte);
    }
}

std::size_t client::send_some(const char* from, std::size_t size) {
    if (ssl_) {
        const int count = SSL_write(ssl_.get(), from, static_cast<int>(size));
        if (count > 0) {
            return static_cast<std::size_t>(count);
        }
        const int reason = SSL_get_error(ssl_.get(), count);
        if (reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ) {
            return 0;
        }
        throw std::runtime_error("TLS write: " + tls_error());
    }
    const auto count = send(descriptor_, from, size, MSG_NOSIGNAL);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            return 0;
        }
        throw_errno("send");
    }
    return static_cast<std::size_t>(count);
}

std::size_t client::read_some(char* to, std::size_t size) {
    if (ssl_) {
        const int count = SSL_read(ssl_.get(), to, static_cast<int>(size));
        if (count > 0) {
            return static_cast<std::size_t>(count);
        }
        const int reason = SSL_get_error(ssl_.get(), count);
        if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
            return 0;
        }
        throw std::runtime_error("TLS read: " + tls_error());
    }
    const auto count = recv(descriptor_, to, size, 0);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            return 0;
        }
        throw_errno("recv");
    }
    if (count == 0) {
        throw_closed();
    }
    return static_cast<std::size_t>(count);
}

void client::flush() {
    while (out_begin_ < out_.size()) {
        const auto count = send_some(out_.data() + out_begin_, out_.size() - out_begin_);
        if (count == 0) {
            return;
        }
        out_begin_ += count;
    }
    out_.clear();
    out_begin_ = 0;
}

void client::receive(const std::function<void(const packet&)>& on_packet) {
    auto* const buffer = scratch();
    for (;;) {
        // What is left of the last read comes first.
        auto filled = in_.size();
        std::memcpy(buffer, in_.data(), filled);
        const auto room = scratch_size - filled;
        std::size_t count = read_some(buffer + filled, room);
        // One record of TLS a call: gather all that the socket has.
        for (auto more = count; ssl_ && more > 0 && count + 20'000 < room;) {
            more = read_some(buffer + filled + count, room - count);
            count += more;
        }
        if (count == 0) {
            return;
        }
        filled += count;
        std::string_view bytes(buffer, filled);
        while (const auto whole = next_packet(bytes)) {
            on_packet(*whole);
            bytes.remove_prefix(whole->total_size);
        }
        in_.assign(bytes);
        // TCP tells again when there is more; TLS may have it in its own buffer.
        if (!ssl_ || count + 20'000 < room) {
            return;
        }
    }
}

poller::poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) {
        throw_errno("epoll_create1");
    }
}

poller::~poller() {
    close(epoll_);
}

void poller::add(client& c, std::uint64_t key) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.u64 = key;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, c.descriptor(), &wanted) != 0) {
        throw_errno("epoll_ctl");
    }
}

void poller::watch_sending(client& c, std::uint64_t key, bool wanted) {
    epoll_event changed{};
    changed.events = EPOLLIN | (wanted ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    changed.data.u64 = key;
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, c.descriptor(), &changed) != 0) {
        throw_errno("epoll_ctl");
    }
}

const std::vector<poller::event>& poller::poll() {
    std::array<epoll_event, 512> ready;
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
    events_.clear();
    for (int i = 0; i < count; ++i) {
        const auto flags = ready[static_cast<std::size_t>(i)].events;
        events_.push_back({ready[static_cast<std::size_t>(i)].data.u64,
                           (flags & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0,
                           (flags & EPOLLOUT) != 0});
    }
    return events_;
}

}  // namespace mqtt_load
