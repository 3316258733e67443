// What a program printed that the core took for evergrass-jail.
#include "edge/isolation/host_isolation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto host = evergrass::edge::isolation::read_probe(text);
    // Whoever has to act needs a reason.
    bool good = host.available ? host.reason.empty() : !host.reason.empty() && host.lacks.empty();
    constexpr std::array<std::string_view, 4> controls = {"memory", "pids", "devices", "user"};
    auto next = controls.begin();
    for (const auto& control : host.lacks) {  // each once, in this order
        next = std::find(next, controls.end(), control);
        good = good && next != controls.end();
        next += next == controls.end() ? 0 : 1;
    }
    if (!good) {
        std::abort();
    }
    return 0;
}
