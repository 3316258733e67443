#pragma once

#include <string>

namespace evergrass {

// Overwrites it, whatever the compiler thinks of that, and empties it.
void wipe(std::string& text);

// Keeps the pages of it out of the swap, as far as RLIMIT_MEMLOCK lets; they stay so, as others
// that must may be on the same pages.
void lock_in_memory(const std::string& text);

// The process leaves no core dumps, and nobody but root looks into its memory. For the start; what
// it runs may have dumps again.
void refuse_core_dumps();

}  // namespace evergrass
