#pragma once

#include <string_view>

namespace evergrass::cli::sample {

// examples/device/device.py and README.txt, as they were when this program was built.
std::string_view device_source();
std::string_view device_readme();

}  // namespace evergrass::cli::sample
