#pragma once

#include <string>

namespace evergrass::jail {

// On this descriptor the core sends the order, length first, and hears what becomes of it, a line
// each: "controls memory pids devices user sockets" (what this host has of them), "pid 123" (the
// function's own process, as the host sees it), "oom" (before the end, when the kernel killed for
// want of memory). Closed by the core before an order came: the jail was not needed.
constexpr int control_descriptor = 7;

// Runs one jail: descriptors 1 to 6 are the function's logs. Ends as the function does, by the same
// exit status or signal, when nothing of it is left. SIGTERM goes to the function; SIGUSR1, or the
// core's end, kills it. `group`: the name of its control groups, which nobody else may use.
int run(const std::string& group);

}  // namespace evergrass::jail
