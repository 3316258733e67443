#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// Says whether a core can run on this machine, what keeps it from it, and what to do. The exit
// status: 0 with GreengrassContainer, 1 with less isolation, 2 not. Also when the report's file
// can't be written: 2.
void add_doctor(CLI::App& app, verbs& all);

}  // namespace evergrass::cli
