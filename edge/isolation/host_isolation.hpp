#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge::isolation {

// What of isolation can be had here.
struct host_isolation {
    bool available = false;
    std::string reason;              // why not, for the person who has to act
    std::vector<std::string> lacks;  // of what isn't needed to isolate: "memory", "pids", …
};

// Goes into a jail and out again (`evergrass-jail probe`), with a directory of its own in
// `work_directory`. Blocks for as long as that takes, some 20 ms. Any thread, but not while another
// one waits for children.
host_isolation probe_isolation(const std::filesystem::path& jail_program,
                               const std::filesystem::path& work_directory);

// From what the probe prints.
host_isolation read_probe(std::string_view text);

}  // namespace evergrass::edge::isolation
