#pragma once

#include <cstdint>
#include <sys/types.h>

namespace mqtt_load {

// Nanoseconds of CPU that all live threads of a process have had, user and system, as the scheduler
// counts them. 0 for pid 0. Throws std::runtime_error when there is no such process.
std::int64_t cpu_nanoseconds(pid_t pid);

// Of the monotonic clock.
std::int64_t now_nanoseconds();

}  // namespace mqtt_load
