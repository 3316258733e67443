#include "apps/jail/channel.hpp"

#include "apps/jail/words.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace evergrass::jail {
namespace {

bool send_all(int fd, const char* bytes, std::size_t size) {
    while (size != 0) {
        const auto count = ::send(fd, bytes, size, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        bytes += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

bool send_all(int fd, std::string_view bytes) {
    return send_all(fd, bytes.data(), bytes.size());
}

namespace {

bool receive_all(int fd, char* bytes, std::size_t size) {
    while (size != 0) {
        const auto count = ::read(fd, bytes, size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        bytes += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

channel_ends open_channel() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        give_up("make a socket for ", "the jail");
    }
    const int on = 1;
    ::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    return {ends[0], ends[1]};
}

std::optional<heard> hear(int outside) {
    heard message;
    iovec part{&message.what, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    msghdr whole{};
    whole.msg_iov = &part;
    whole.msg_iovlen = 1;
    whole.msg_control = control.data();
    whole.msg_controllen = control.size();
    ssize_t count = 0;
    do {
        count = ::recvmsg(outside, &whole, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count != 1) {
        return std::nullopt;
    }
    for (auto* part_of_control = CMSG_FIRSTHDR(&whole); part_of_control != nullptr;
         part_of_control = CMSG_NXTHDR(&whole, part_of_control)) {
        if (part_of_control->cmsg_level == SOL_SOCKET &&
            part_of_control->cmsg_type == SCM_CREDENTIALS) {
            ucred sender{};
            std::memcpy(&sender, CMSG_DATA(part_of_control), sizeof sender);
            message.sender = sender.pid;
        }
    }
    if (message.what == say_ended &&
        !receive_all(outside, reinterpret_cast<char*>(&message.status), sizeof message.status)) {
        return std::nullopt;
    }
    return message;
}

void tell(int fd, char what) {
    send_all(fd, &what, 1);
}

void tell_ended(int fd, int status) {
    std::array<char, 1 + sizeof status> bytes{};
    bytes[0] = say_ended;
    std::memcpy(bytes.data() + 1, &status, sizeof status);
    send_all(fd, bytes.data(), bytes.size());
}

bool send_bytes(int fd, std::string_view bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    return send_all(fd, reinterpret_cast<const char*>(&size), sizeof size) &&
           send_all(fd, bytes.data(), bytes.size());
}

std::optional<std::string> receive_bytes(int fd, std::size_t most) {
    std::uint32_t size = 0;
    if (!receive_all(fd, reinterpret_cast<char*>(&size), sizeof size) || size > most) {
        return std::nullopt;
    }
    std::string bytes(size, '\0');
    if (!receive_all(fd, bytes.data(), bytes.size())) {
        return std::nullopt;
    }
    return bytes;
}

}  // namespace evergrass::jail
