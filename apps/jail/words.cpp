#include "apps/jail/words.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <unistd.h>

namespace evergrass::jail {

void say(std::string_view text) {
    const auto line = std::string(text) + "\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void give_up(std::string_view what, std::string_view which) {
    const char* reason = ::strerrordesc_np(errno);
    say("cannot " + std::string(what) + std::string(which) + ": " +
        (reason == nullptr ? "unknown error" : reason));
    ::_exit(never_ran);
}

}  // namespace evergrass::jail
