#include "apps/evergrass/admin_client.hpp"

#include "edge/admin/socket_path.hpp"
#include "edge/config/config.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/socket_address.hpp"
#include "libs/http/response_reader.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace evergrass::cli {
namespace {

constexpr std::size_t max_answer_bytes = 64 * 1024 * 1024;

class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}
    ~descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

error connect_error(const local_program& program) {
    const auto where = program.socket.string();
    switch (errno) {
        case ENOENT:
        case ECONNREFUSED:
        case ECONNRESET:  // it ended before it answered
            return {errc::unavailable,
                    "no " + program.name + " answers at " + where + ": " + program.start};
        case EACCES:
        case EPERM:
            return {errc::denied, where + " is for root and the user that the " + program.name +
                                      " runs as: try with sudo"};
        default:
            return errno_error("cannot connect to " + where);
    }
}

result<void> connect(int fd, const local_program& program, std::chrono::seconds limit) {
    const auto address = socket_address::of(program.socket);
    if (!address) {
        return errno == ENOENT ? connect_error(program) : address.error();
    }
    const timeval wait{limit.count(), 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, address->text().data(), address->text().size());
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        return connect_error(program);
    }
    return {};
}

result<void> send_all(int fd, const local_program& program, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return errno_error("cannot ask the " + program.name);
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
    return {};
}

result<http::response> read_answer(int fd, const local_program& program,
                                   std::string_view received = {}) {
    http::response_reader reader(false);
    reader.buffer().append(received);
    std::string body;
    std::array<char, 16 * 1024> part;
    for (;;) {
        const auto complete = reader.advance(body);
        if (!complete) {
            return complete.error();
        }
        if (*complete) {
            break;
        }
        if (body.size() > max_answer_bytes) {
            return error{errc::too_large,
                         "the " + program.name + "'s answer is longer than 64 MiB"};
        }
        const auto got = ::read(fd, part.data(), part.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno == EAGAIN
                       ? error{errc::timed_out, "the " + program.name + " does not answer"}
                       : connect_error(program);
        }
        if (got == 0) {
            if (reader.end_of_stream()) {
                break;
            }
            return error{errc::unavailable,
                         "the " + program.name + " ended before it had answered"};
        }
        reader.buffer().append(part.data(), static_cast<std::size_t>(got));
    }
    auto answer = reader.head();
    answer.body = std::move(body);
    return answer;
}

std::string request_text(const std::string& target, const std::optional<json::object>& body,
                         const char* connection = "close") {
    const auto content = body ? json::serialize(*body) : std::string();
    auto text = (body ? "POST " : "GET ") + target +
                " HTTP/1.1\r\nHost: core\r\nConnection: " + connection + "\r\n";
    if (body) {
        text +=
            "Content-Type: application/json\r\nContent-Length: " + std::to_string(content.size()) +
            "\r\n";
    }
    return text + "\r\n" + content;
}

// The object of an answer; what it refuses is an error with its message.
result<json::object> object_of(const local_program& program, const http::response& answer) {
    auto parsed = parse_json(answer.body);
    if (!parsed || !parsed->is_object()) {
        return error{errc::invalid_input,
                     "the " + program.name + " answered " + std::to_string(answer.status) +
                         " without a JSON object: is it a " + program.name + " at all?"};
    }
    if (answer.status != 200) {
        return error{errc::invalid_input, string_member(parsed->get_object(), "message")
                                              .value_or("the " + program.name + " answered " +
                                                        std::to_string(answer.status))};
    }
    return std::move(parsed->get_object());
}

}  // namespace

std::filesystem::path socket_of_root(const std::filesystem::path& root) {
    const auto config = edge::load_config(root);
    return edge::admin_socket_path(config ? config->write_directory : root / "ggc");
}

result<json::object> ask_core(const std::filesystem::path& socket, const std::string& target,
                              const std::optional<json::object>& body, std::chrono::seconds limit) {
    return ask_program({.socket = socket}, target, body, limit);
}

result<json::object> ask_program(const local_program& program, const std::string& target,
                                 const std::optional<json::object>& body,
                                 std::chrono::seconds limit) {
    const descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) {
        return errno_error("cannot make a socket");
    }
    if (auto connected = connect(fd.get(), program, limit); !connected) {
        return connected.error();
    }
    if (auto sent = send_all(fd.get(), program, request_text(target, body)); !sent) {
        return sent.error();
    }
    const auto answer = read_answer(fd.get(), program);
    if (!answer) {
        return answer.error();
    }
    return object_of(program, *answer);
}

result<core_connection> upgrade_at_core(const std::filesystem::path& socket,
                                        const std::string& target, const json::object& body) {
    const local_program program{.socket = socket};
    descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) {
        return errno_error("cannot make a socket");
    }
    if (auto connected = connect(fd.get(), program, std::chrono::seconds(10)); !connected) {
        return connected.error();
    }
    if (auto sent = send_all(fd.get(), program, request_text(target, body, "Upgrade")); !sent) {
        return sent.error();
    }
    std::string received;
    std::array<char, 16 * 1024> part;
    while (received.find("\r\n\r\n") == std::string::npos && received.size() < part.size()) {
        const auto got = ::read(fd.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return error{errc::unavailable, "the core ended before it had answered"};
        }
        received.append(part.data(), static_cast<std::size_t>(got));
    }
    if (received.starts_with("HTTP/1.1 101 ")) {
        received.erase(0, received.find("\r\n\r\n") + 4);
        return core_connection{fd.release(), std::move(received)};
    }
    const auto answer = read_answer(fd.get(), program, received);
    if (!answer) {
        return answer.error();
    }
    const auto refused = object_of(program, *answer);
    return refused ? error{errc::invalid_input, "the core answered without taking it"}
                   : refused.error();
}

}  // namespace evergrass::cli
