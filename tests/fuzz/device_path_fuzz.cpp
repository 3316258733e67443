#include "cloud/greengrass/device_path.hpp"
#include "cloud/iot/device_shadow.hpp"

#include <cstddef>
#include <cstdint>

// A request's path from a device, with each method that has routes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view path(reinterpret_cast<const char*>(data), size);
    for (const auto* method : {"GET", "PUT", "POST"}) {
        evergrass::cloud::greengrass::parse_device_path(method, path);
    }
    evergrass::cloud::is_shadow_path(path);
    return 0;
}
