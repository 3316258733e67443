// A template of CloudFormation, a greengo.yaml or an answer of the AWS CLI with any bytes: it is
// refused, or becomes a group that can be printed.

#include "libs/group_file/import.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace group_file = evergrass::group_file;
    auto content = group_file::parse_yaml({reinterpret_cast<const char*>(data), size});
    if (content) {
        const auto made =
            group_file::import_any({{"file", std::move(*content)}}, {{{"Parameter", "value"}}});
        if (made) {
            group_file::to_text(made->group);
        }
    }
    return 0;
}
