#pragma once

#include <cstdint>

namespace evergrass {

// Lets this process have `wanted` files open at once, or as many as the system's hard limit allows
// (ulimit -Hn), and never fewer than before. Returns how many it may have now; 0: the system does
// not say. Child processes inherit it. Not beside other threads that change limits.
std::uint64_t allow_open_files(std::uint64_t wanted);

}  // namespace evergrass
