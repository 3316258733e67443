#pragma once

namespace evergrass::jail {

// The first process of the jail, number 1 of its pid namespace: waits for the order on `channel`,
// makes the file tree, starts the function's process, reaps what is orphaned, and ends with the
// function, which ends all that is left. `rootless`: the core isn't root.
[[noreturn]] void run_inside(int channel, bool rootless);

}  // namespace evergrass::jail
