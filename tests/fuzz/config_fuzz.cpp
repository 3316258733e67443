// config.json is written by people and tools: whatever it holds, it is read or refused with a
// reason.

#include "edge/config/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto config = evergrass::edge::parse_config(text, "/greengrass");
    if (!config && config.error().message().empty()) {
        std::abort();
    }
    return 0;
}
