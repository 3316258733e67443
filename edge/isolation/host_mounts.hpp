#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge::isolation {

// The mount points, of the text of /proc/self/mountinfo, that hold the host's programs and their
// libraries (/usr, /opt, /nix and what is inside of them) on another file system than the root's.
// An overlay of the root shows them empty, so they are mounted besides. Parents first. Pure.
std::vector<std::string> program_mounts(std::string_view mountinfo);

}  // namespace evergrass::edge::isolation
