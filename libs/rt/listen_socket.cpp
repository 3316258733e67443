#include "libs/rt/listen_socket.hpp"

#include "libs/base/errors.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

namespace evergrass::rt {
namespace {

struct endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;
};

std::optional<endpoint> parse(const std::string& address, std::uint16_t port) {
    endpoint parsed;
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&parsed.address);
    if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        parsed.size = sizeof *v4;
        return parsed;
    }
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&parsed.address);
    if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        parsed.size = sizeof *v6;
        return parsed;
    }
    return std::nullopt;
}

void set(int socket, int level, int option, int value) {
    setsockopt(socket, level, option, &value, sizeof value);
}

error listen_error(const std::string& address, std::uint16_t port) {
    const int code = errno;
    std::string advice;
    if (code == EADDRINUSE) {
        advice =
            "; another program listens there: stop it (`ss -ltnp` names it) or choose "
            "another port";
    } else if (code == EACCES) {
        advice = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    } else if (code == EADDRNOTAVAIL) {
        advice = "; no interface of this machine has that address";
    }
    errno = code;
    return errno_error("cannot listen on " + address + " port " + std::to_string(port) + advice);
}

}  // namespace

result<int> open_listen_socket(const std::string& address, std::uint16_t port) {
    const auto where = parse(address, port);
    if (!where) {
        return error{errc::invalid_input, "'" + address + "' is not an IP address to listen on"};
    }
    const int family = where->address.ss_family;
    const int socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return listen_error(address, port);
    }
    if (family == AF_INET6) {
        const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&where->address);
        set(socket, IPPROTO_IPV6, IPV6_V6ONLY, IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) ? 0 : 1);
    }
    set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(socket, reinterpret_cast<const sockaddr*>(&where->address), where->size) != 0 ||
        listen(socket, SOMAXCONN) != 0) {
        auto failed = listen_error(address, port);
        close(socket);
        return failed;
    }
    return socket;
}

std::uint16_t local_port(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return 0;
    }
    return ntohs(address.ss_family == AF_INET6
                     ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                     : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

void tune_stream_socket(int socket) {
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
}

void make_non_blocking(int socket) {
    const int flags = fcntl(socket, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0) {
        fcntl(socket, F_SETFL, flags | O_NONBLOCK);
    }
}

std::string to_text(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET) {
        const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&address);
        inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
        return std::string(text.data()) + ":" + std::to_string(ntohs(v4->sin_port));
    }
    if (address.ss_family != AF_INET6) {
        return "unknown";
    }
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    const auto port = ":" + std::to_string(ntohs(v6->sin6_port));
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text.data(), text.size());
        return text.data() + port;
    }
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]" + port;
}

}  // namespace evergrass::rt
