#include "apps/greengrassd/start_report.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace evergrass::greengrassd {
namespace {

start_report parse(std::string line) {
    if (line.ends_with('\n')) {
        line.pop_back();
    }
    if (line == "ready") {
        return {start_outcome::ready, ""};
    }
    if (line == "partial") {
        return {start_outcome::partial, ""};
    }
    constexpr std::string_view failed = "failed ";
    if (line.starts_with(failed)) {
        return {start_outcome::failed, line.substr(failed.size())};
    }
    return {start_outcome::failed, "the daemon ended without a word; see crash.log"};
}

}  // namespace

void send_report(int fd, start_outcome outcome, std::string_view reason) {
    std::string line = outcome == start_outcome::ready     ? "ready"
                       : outcome == start_outcome::partial ? "partial"
                                                           : "failed " + std::string(reason);
    for (auto& c : line) {
        if (c == '\n') {
            c = ' ';
        }
    }
    line += '\n';
    // The command may have given up waiting: then nobody reads, which changes nothing here.
    [[maybe_unused]] const auto written = ::write(fd, line.data(), line.size());
}

start_report wait_for_report(int fd, std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    std::string line;
    while (!line.ends_with('\n')) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd wait{fd, POLLIN, 0};
        const int ready = left.count() <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left.count()));
        if (ready == 0) {
            return {start_outcome::silent, ""};
        }
        std::array<char, 1024> piece{};
        const auto got = ready < 0 ? -1 : ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        line.append(piece.data(), static_cast<std::size_t>(got));
    }
    return parse(std::move(line));
}

}  // namespace evergrass::greengrassd
