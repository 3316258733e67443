#include "apps/greengrassd/pid_file.hpp"

#include "libs/base/file.hpp"

#include <charconv>
#include <string>
#include <system_error>

namespace evergrass::greengrassd {
namespace {

std::optional<pid_t> number_in(const std::filesystem::path& file) {
    const auto text = read_file(file, 64);
    if (!text) {
        return std::nullopt;
    }
    pid_t pid = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), pid);
    if (parsed.ec != std::errc{} || pid <= 1) {
        return std::nullopt;
    }
    return pid;
}

}  // namespace

std::filesystem::path pid_file_path(const std::filesystem::path& directory) {
    return directory / "greengrassd.pid";
}

result<void> write_pid_file(const std::filesystem::path& directory, pid_t pid) {
    auto written =
        write_file_atomically(pid_file_path(directory), std::to_string(pid) + "\n", 0644);
    if (!written) {
        return with_context(written.error(),
                            "the pid file cannot be written: run as root, or set "
                            "'pidFileDirectory' in config.json to a directory of this user");
    }
    return {};
}

std::optional<pid_t> running_daemon(const std::filesystem::path& directory,
                                    const std::filesystem::path& proc) {
    const auto pid = number_in(pid_file_path(directory));
    if (!pid) {
        return std::nullopt;
    }
    const auto command = read_file(proc / std::to_string(*pid) / "cmdline", 64 * 1024);
    if (!command || command->find("greengrassd") == std::string::npos) {
        return std::nullopt;
    }
    return pid;
}

void remove_pid_file(const std::filesystem::path& directory, pid_t pid) {
    if (number_in(pid_file_path(directory)) == pid) {
        std::error_code ignored;
        std::filesystem::remove(pid_file_path(directory), ignored);
    }
}

}  // namespace evergrass::greengrassd
