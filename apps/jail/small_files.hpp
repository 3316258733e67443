#pragma once

#include <string>
#include <string_view>

namespace evergrass::jail {

// The kernel's small files. Empty when it cannot be read.
std::string read_small_file(const char* path);

// One write; false with errno when the kernel refuses it.
bool write_small_file(const char* path, std::string_view text);

}  // namespace evergrass::jail
