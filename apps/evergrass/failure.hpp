#pragma once

#include "libs/base/errors.hpp"
#include "libs/base/result.hpp"

#include <cstdio>
#include <string>

namespace evergrass::cli {

// One line on standard error; the exit status of a verb that could not do what was asked. An error
// of the system says its own reason behind what was tried; ours says all in the sentence.
inline int say_failure(const error& why) {
    const bool whole = !why.context.empty() && why.code.category() == base_category();
    const auto text = whole ? why.context : why.message();
    std::fprintf(stderr, "evergrass: %s\n", text.c_str());
    return 2;
}

}  // namespace evergrass::cli
