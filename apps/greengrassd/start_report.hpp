#pragma once

#include "libs/base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace evergrass::greengrassd {

enum class start_outcome {
    ready,    // everything is up
    partial,  // the daemon runs, some parts could not start; runtime.log says which
    failed,   // it ended; `reason` says why
    silent,   // no word within the limit; it still runs
};

// The daemon's word to the `start` command that forked it, over a pipe whose number is in the
// daemon's argument --report-fd. One line: "ready", "partial" or "failed REASON".
void send_report(int fd, start_outcome outcome, std::string_view reason);

struct start_report {
    start_outcome outcome = start_outcome::failed;
    std::string reason;
};
// Waits for the line, the pipe's end (the daemon died) or the limit.
start_report wait_for_report(int fd, std::chrono::milliseconds limit);

}  // namespace evergrass::greengrassd
