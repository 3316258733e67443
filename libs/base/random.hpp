#pragma once

#include <cstddef>
#include <string>

namespace evergrass {

// `count` bytes from the kernel's generator (getrandom), fit for keys and tokens. Throws only when
// the kernel has none, which is a broken host.
std::string random_bytes(std::size_t count);

// A random UUID v4 in lower case, the form of every Greengrass id (spec/cloud.md §1.1).
std::string uuid_v4();

}  // namespace evergrass
