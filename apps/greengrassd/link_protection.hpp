#pragma once

#include "libs/base/result.hpp"

#include <filesystem>

namespace evergrass::greengrassd {

// V1 refuses to start where the kernel lets a process follow links that others planted in world-
// writable directories, unless `-i` says that this is known (spec/core.md §1, §4). `proc` is a
// seam.
result<void> check_link_protection(const std::filesystem::path& proc = "/proc");

}  // namespace evergrass::greengrassd
