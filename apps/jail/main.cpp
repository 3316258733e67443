// evergrass-jail: runs one function of a Greengrass core in its isolation.
//
//     evergrass-jail run GROUP     for the core: see supervisor.hpp
//     evergrass-jail probe DIR     tells what isolation can be had here, as a line of JSON
//     evergrass-jail --version
//
// Three processes: the supervisor, outside, which limits and cleans up; the first process inside,
// which makes the file tree and reaps; the function's own.

#include "apps/jail/probe.hpp"
#include "apps/jail/supervisor.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (verb == "run" && argc == 3) {
        return evergrass::jail::run(argv[2]);
    }
    if (verb == "probe" && argc == 3) {
        return evergrass::jail::probe(argv[2]);
    }
    if (verb == "--version") {
        std::puts(EVERGRASS_VERSION);
        return EXIT_SUCCESS;
    }
    std::fputs("usage: evergrass-jail run GROUP | probe DIRECTORY | --version\n", stderr);
    return EXIT_FAILURE;
}
