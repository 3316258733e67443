#include "apps/jail/probe.hpp"

#include "apps/jail/channel.hpp"
#include "apps/jail/supervisor.hpp"
#include "apps/jail/words.hpp"
#include "edge/isolation/jail_order.hpp"
#include "libs/base/json.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::jail {
namespace {

std::string read_all(int fd) {
    std::string text;
    std::array<char, 1024> part;
    for (ssize_t count = 0; (count = ::read(fd, part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(count));
    }
    return text;
}

}  // namespace

int probe(const std::string& directory) {
    std::array<int, 2> control{};
    std::array<int, 2> words{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, control.data()) != 0 || ::pipe(words.data()) != 0) {
        give_up("make a socket for ", "the jail");
    }
    const auto name = "evergrass-" + std::to_string(::getpid()) + "-probe";
    const auto child = ::fork();
    if (child == 0) {
        const int theirs = ::fcntl(control[1], F_DUPFD, 16);
        const int says = ::fcntl(words[1], F_DUPFD, 16);
        const int null = ::open("/dev/null", O_RDWR);
        for (int fd = 1; fd < control_descriptor; ++fd) {
            ::dup2(fd == STDERR_FILENO ? says : null, fd);
        }
        ::dup2(theirs, control_descriptor);
        for (int fd = control_descriptor + 1; fd < 32; ++fd) {
            ::close(fd);
        }
        ::_exit(run(name));
    }
    ::close(control[1]);
    ::close(words[1]);
    edge::isolation::jail_order order;
    order.program = "/";
    order.directory = "/";
    order.uid = ::geteuid();
    order.gid = ::getegid();
    order.work_directory = directory + "/" + name;
    order.memory_bytes = 64ULL * 1024 * 1024;
    ::signal(SIGPIPE, SIG_IGN);
    send_bytes(control[0], encode(order));
    const auto told = read_all(control[0]);
    auto said = read_all(words[0]);
    int status = 0;
    ::waitpid(child, &status, 0);

    json::object answer;
    const bool isolated = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    answer["isolated"] = isolated;
    if (isolated) {
        for (const auto* control_name : {"memory", "pids", "devices", "user"}) {
            answer[control_name] = told.find(std::string(" ") + control_name) != std::string::npos;
        }
    } else {
        answer["reason"] = said.substr(0, said.find('\n'));
    }
    std::puts(json::serialize(answer).c_str());
    return isolated ? 0 : 1;
}

}  // namespace evergrass::jail
