#include "edge/isolation/host_isolation.hpp"

#include "libs/base/json.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::edge::isolation {
namespace {

host_isolation none(std::string reason) {
    return {false, std::move(reason), {}};
}

std::string read_all(int fd) {
    std::string text;
    std::array<char, 1024> part;
    for (ssize_t count = 0; (count = ::read(fd, part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(count));
    }
    return text;
}

}  // namespace

host_isolation read_probe(std::string_view text) {
    const auto value = parse_json(text);
    const auto* answer = value ? value->if_object() : nullptr;
    if (answer == nullptr) {
        return none("evergrass-jail did not answer: " + std::string(text.substr(0, 200)));
    }
    const auto is = [&](std::string_view name) {
        return bool_member(*answer, name).value_or(false);
    };
    host_isolation found;
    found.available = is("isolated");
    if (!found.available) {
        found.reason = string_member(*answer, "reason").value_or("");
        if (found.reason.empty()) {
            found.reason = "it gave no reason";
        }
        return found;
    }
    for (const auto* control : {"memory", "pids", "devices", "user"}) {
        if (!is(control)) {
            found.lacks.emplace_back(control);
        }
    }
    return found;
}

host_isolation probe_isolation(const std::filesystem::path& jail_program,
                               const std::filesystem::path& work_directory) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return none(std::string("no pipe: ") + std::strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    auto program = jail_program.string();
    auto directory = work_directory.string();
    std::string name = "evergrass-jail";
    std::string verb = "probe";
    std::array<char*, 4> arguments = {name.data(), verb.data(), directory.data(), nullptr};
    std::array<char*, 1> environment = {nullptr};
    pid_t child = 0;
    const int failed = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(),
                                     environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) {
        ::close(ends[0]);
        return none("cannot run " + program + ": " + std::strerror(failed));
    }
    const auto text = read_all(ends[0]);
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return read_probe(text);
}

}  // namespace evergrass::edge::isolation
