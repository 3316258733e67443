// A group file with any bytes: it is refused with its place, or what was read is written and read
// back as it was, and has a form for the API.

#include "libs/group_file/difference.hpp"
#include "libs/group_file/group.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace group_file = evergrass::group_file;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto group = group_file::read_group(text);
    if (!group) {
        if (group.error().context.find(": ") == std::string::npos) {
            std::abort();
        }
        return 0;
    }
    const auto again = group_file::read_group(group_file::to_text(*group));
    if (!again || *again != *group || !group_file::difference(*group, *again).empty()) {
        std::abort();
    }
    group_file::to_api(*group, {{"aws", "us-east-1", "123456789012"}, {}, {}});
    return 0;
}
