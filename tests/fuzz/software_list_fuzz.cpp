#include "cloud/greengrass/software_updates.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// The object that lists the packages of software updates.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view list(reinterpret_cast<const char*>(data), size);
    const auto found = evergrass::cloud::greengrass::find_package(list, "core", "ubuntu", "x86_64");
    if (found ? found->uri.empty() || found->version.empty() : found.error().context.empty()) {
        std::abort();
    }
    return 0;
}
