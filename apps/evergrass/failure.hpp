#pragma once

#include "libs/base/errors.hpp"
#include "libs/base/result.hpp"

#include <cstdio>
#include <string>

namespace evergrass::cli {

// What a person is told of an error. An error of the system says its own reason behind what was
// tried; ours says all in the sentence, and "the input is not valid" behind it would only puzzle.
inline std::string failure_text(const error& why) {
    const bool whole = !why.context.empty() && why.code.category() == base_category();
    return whole ? why.context : why.message();
}

// One line on standard error; the exit status of a verb that could not do what was asked.
inline int say_failure(const error& why) {
    std::fprintf(stderr, "evergrass: %s\n", failure_text(why).c_str());
    return 2;
}

}  // namespace evergrass::cli
