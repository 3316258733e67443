#include "apps/evergrass/sample_code.hpp"

extern "C" {
extern const char evergrass_sensor_average_py[];
extern const char evergrass_sensor_average_py_end[];
}

namespace evergrass::cli::sample {

std::string_view function_source() {
    return {evergrass_sensor_average_py, static_cast<std::size_t>(evergrass_sensor_average_py_end -
                                                                  evergrass_sensor_average_py)};
}

}  // namespace evergrass::cli::sample
