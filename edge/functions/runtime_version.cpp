#include "edge/functions/runtimes.hpp"
#include "edge/functions/spawn.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::edge::functions {

namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds longest_wait{5};
constexpr std::size_t longest_answer = 256;

// Reads to the end of the first line, of the stream or of the time.
std::string first_line(int descriptor) {
    const auto deadline = clock::now() + longest_wait;
    std::string text;
    while (text.size() < longest_answer && text.find('\n') == std::string::npos) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
        pollfd waiting{descriptor, POLLIN, 0};
        const int ready =
            left.count() <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return {};
        }
        std::array<char, longest_answer> buffer{};
        const auto size = ::read(descriptor, buffer.data(), buffer.size());
        if (size <= 0) {
            break;
        }
        text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text.substr(0, text.find_first_of("\r\n"));
}

std::string ask(const fs::path& program) {
    const auto name = program.filename().string();
    const bool java = name.starts_with("java");  // Java 8 knows no --version
    spawn_options options;
    options.program = program.string();
    options.arguments = {name, java ? "-version" : "--version"};
    options.environment = {"PATH=" + program.parent_path().string() + ":/usr/bin:/bin", "HOME=/"};
    options.directory = "/";
    auto started = spawn(options);
    if (!started) {
        return {};
    }
    static_assert(log_pipes[0].level == log_level::info, "standard output");
    static_assert(log_pipes[1].level == log_level::error, "standard error");
    auto text = first_line(started->logs[java ? 1 : 0]);
    ::kill(-started->pid, SIGKILL);
    while (::waitpid(started->pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    for (const int fd : started->logs) {
        ::close(fd);
    }
    return text;
}

struct file_identity {
    std::uintmax_t size = 0;
    fs::file_time_type written;
    bool operator==(const file_identity&) const = default;
};

struct answer {
    file_identity of;
    std::string text;
};

}  // namespace

version_prober remembering_prober() {
    return [known = std::make_shared<std::map<fs::path, answer>>()](const fs::path& program) {
        std::error_code code;
        const auto file = fs::canonical(program, code);  // nodejs is often a link to node
        const file_identity now{fs::file_size(file, code), fs::last_write_time(file, code)};
        auto& kept = (*known)[file];
        if (kept.text.empty() || kept.of != now) {
            kept = {now, ask(program)};
        }
        return kept.text;
    };
}

}  // namespace evergrass::edge::functions
