#pragma once

#include "apps/evergrass/up_options.hpp"

namespace evergrass::cli {

// A whole system on this machine: the service, a core and, unless told otherwise, a sample group
// whose messages it shows. Runs until a signal, or with `once` until each flow was seen.
// The process's exit status: 0 all was well (a signal ends a run without `once` well), 1 something
// failed and was told on standard error, 128 + signal for one that cut `once` short.
int run_up(const up_options& options);

}  // namespace evergrass::cli
