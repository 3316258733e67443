#include "apps/doctor/port_look.hpp"

#include "libs/base/file.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace evergrass::doctor {
namespace {

constexpr std::string_view listening = "0A";  // TCP_LISTEN, in hexadecimal digits
constexpr std::size_t longest_table = 16 * 1024 * 1024;

port_state outcome_of(int failed) {
    switch (failed) {
        case 0:
            return port_state::open;
        case EACCES:
        case EPERM:
            return port_state::denied;
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
        case EINVAL:
            return port_state::no_address;
        default:
            return port_state::taken;
    }
}

int bind_at(int descriptor, const boost::asio::ip::address& address, std::uint16_t port) {
    if (address.is_v4()) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_port = htons(port);
        place.sin_addr.s_addr = htonl(address.to_v4().to_uint());
        return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&place), sizeof place);
    }
    sockaddr_in6 place{};
    place.sin6_family = AF_INET6;
    place.sin6_port = htons(port);
    const auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), place.sin6_addr.s6_addr);
    return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&place), sizeof place);
}

// errno, or 0 when a server could listen there.
int try_to_listen(const boost::asio::ip::address& address, std::uint16_t port) {
    const int descriptor =
        ::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return errno;
    }
    const int on = 1;  // as the core's server does; connections that end hold nothing
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool done = bind_at(descriptor, address, port) == 0 && ::listen(descriptor, 1) == 0;
    const int failed = done ? 0 : errno;
    ::close(descriptor);
    return failed;
}

bool has_socket(const std::filesystem::path& process, const std::string& link) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(process / "fd", failed)) {
        if (std::filesystem::read_symlink(entry.path(), failed) == link) {
            return true;
        }
    }
    return false;
}

// Only root sees whose the sockets of others are.
std::string holder_of(const std::vector<std::string>& inodes) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        for (const auto& inode : inodes) {
            if (has_socket(entry.path(), "socket:[" + inode + "]")) {
                auto program = read_file(entry.path() / "comm", 256);
                if (program && program->ends_with('\n')) {
                    program->pop_back();
                }
                return (program ? *program : std::string("a process")) + ", PID " + name;
            }
        }
    }
    return {};
}

}  // namespace

std::vector<std::string> listeners_in(std::string_view table, std::uint16_t port) {
    std::vector<std::string> inodes;
    std::istringstream lines{std::string(table)};
    std::string line;
    std::getline(lines, line);  // the head
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
        words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
            timeout >> inode;
        const auto colon = local.rfind(':');
        if (!words || state != listening || colon == std::string::npos) {
            continue;
        }
        std::uint16_t its = 0;
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), its, 16);
        if (its == port) {
            inodes.push_back(inode);
        }
    }
    return inodes;
}

port_facts look_at_port(const std::string& address, std::uint16_t port) {
    port_facts facts{address, port, port_state::open, "", false};
    boost::system::error_code wrong;
    const auto parsed = boost::asio::ip::make_address(address, wrong);
    if (wrong) {
        facts.state = port_state::no_address;
        return facts;
    }
    facts.state = outcome_of(try_to_listen(parsed, port));
    if (facts.state == port_state::taken) {
        std::vector<std::string> inodes;
        for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
            if (const auto text = read_file(table, longest_table)) {
                const auto more = listeners_in(*text, port);
                inodes.insert(inodes.end(), more.begin(), more.end());
            }
        }
        facts.holder = holder_of(inodes);
    }
    return facts;
}

}  // namespace evergrass::doctor
