#pragma once

#include <string_view>

namespace evergrass::cli::sample {

// examples/sample/sensor_average.py, as it was when this program was built.
std::string_view function_source();

}  // namespace evergrass::cli::sample
