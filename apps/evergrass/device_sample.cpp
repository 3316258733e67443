#include "apps/evergrass/device_sample.hpp"

extern "C" {
extern const char evergrass_device_py[];
extern const char evergrass_device_py_end[];
extern const char evergrass_device_readme[];
extern const char evergrass_device_readme_end[];
}

namespace evergrass::cli::sample {

std::string_view device_source() {
    return {evergrass_device_py,
            static_cast<std::size_t>(evergrass_device_py_end - evergrass_device_py)};
}

std::string_view device_readme() {
    return {evergrass_device_readme,
            static_cast<std::size_t>(evergrass_device_readme_end - evergrass_device_readme)};
}

}  // namespace evergrass::cli::sample
