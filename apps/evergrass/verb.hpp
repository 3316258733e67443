#pragma once

#include <functional>
#include <vector>

namespace CLI {
class App;
}

namespace evergrass::cli {

// One verb of the command line. A file of verbs has `void add_NAME(CLI::App& app, verbs& all)`,
// which declares them and what each runs; main runs the one that the user asked for.
struct verb {
    const CLI::App* asked;
    std::function<int()> run;  // the exit status
    // With status 1 it says something of what was asked; a command line that it doesn't understand
    // is status 2 then.
    bool one_is_an_answer = false;
};
using verbs = std::vector<verb>;

}  // namespace evergrass::cli
