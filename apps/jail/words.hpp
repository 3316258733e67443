#pragma once

#include <string_view>

namespace evergrass::jail {

// The exit status of a jail whose program never ran.
constexpr int never_ran = 127;

// Writes "cannot WHAT WHICH: reason of errno" as a line of standard error, which is the function's
// ERROR log, and ends the process.
[[noreturn]] void give_up(std::string_view what, std::string_view which = {});

// A line of standard error.
void say(std::string_view text);

}  // namespace evergrass::jail
