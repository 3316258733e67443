#include "cloud/logs/filter_pattern.hpp"
#include "tests/fuzz/next_line.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evergrass::cloud::logs;

// A filter pattern, a line break, and the message that it looks at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto pattern = filter_pattern::parse(evergrass::fuzz::next_line(text));
    if (pattern && pattern->matches(text) != pattern->matches(text)) {
        std::abort();
    }
    return 0;
}
