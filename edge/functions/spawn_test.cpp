#include "edge/functions/spawn.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::edge::functions {
namespace {

// What the program wrote to its pipes, by their order, when it has ended.
std::array<std::string, log_pipes.size()> written_by(const spawn_options& options) {
    std::array<std::string, log_pipes.size()> texts;
    auto child = spawn(options);
    EXPECT_TRUE(child);
    while (::waitpid(child->pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
        std::array<char, 512> buffer{};
        const auto size = ::read(child->logs[i], buffer.data(), buffer.size());
        texts[i].assign(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        ::close(child->logs[i]);
    }
    return texts;
}

spawn_options shell(const std::string& script) {
    spawn_options options;
    options.program = "/bin/sh";
    options.arguments = {"sh", "-c", script};
    options.directory = "/";
    return options;
}

TEST(spawn, a_worker_of_another_user_may_open_its_log_pipes_anew) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root starts workers of other users";
    }
    auto options = shell("for fd in 1 2 3 4 5 6; do echo $fd >/proc/self/fd/$fd; done");
    options.identity = process_identity{65534, 65534};
    const auto texts = written_by(options);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_EQ(texts[i], std::to_string(i + 1) + "\n");
    }
}

TEST(spawn, what_cannot_be_run_is_told_on_the_error_pipe) {
    auto options = shell("");
    options.program = "/no/such/program";
    EXPECT_EQ(written_by(options)[1], "cannot run /no/such/program: No such file or directory\n");
}

}  // namespace
}  // namespace evergrass::edge::functions
