#include "cloud/admin/admin_answers.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// What `evergrass audit --since` sends: a time from outside.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto now = *evergrass::parse_basic_iso8601("20261127T120000Z");
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto since = evergrass::cloud::parse_since(text, now);
    const bool is_duration =
        since && text.find_first_not_of("0123456789smhd") == std::string_view::npos;
    if (is_duration && *since > now) {
        std::abort();
    }
    return 0;
}
