#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"

#include <filesystem>
#include <optional>

namespace evergrass::edge {

struct time_reading {
    wall_time time;                // not before anything that was seen
    bool clock_is_behind = false;  // by more than an hour: it can't be right
};

// The latest time that this core has known, so that a clock that starts in 1970 is noticed. Kept in
// a file (docs/formats/deployment-store.md), written at most once an hour of the clock's. One
// thread.
class seen_time {
public:
    explicit seen_time(std::filesystem::path file) : file_(std::move(file)) {}

    // `at_least`: what else is known to be past. A damaged or missing file is as one that knows
    // nothing.
    time_reading look(wall_time clock, wall_time at_least);
    // Writes the clock's time when it is an hour later than what the file has. A power cut leaves
    // the old one.
    result<void> keep(wall_time clock);

private:
    wall_time latest();

    std::filesystem::path file_;
    std::optional<wall_time> latest_;
};

}  // namespace evergrass::edge
