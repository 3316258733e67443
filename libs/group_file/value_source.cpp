#include "libs/group_file/value_source.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::group_file {

result<value_source> parse_value_source(std::string_view text) {
    if (text == "prompt") {
        return value_source{};
    }
    for (const auto& [prefix, what] : {std::pair("env:", value_source::kind::environment),
                                       std::pair("file:", value_source::kind::file)}) {
        const auto name = text.substr(std::min(text.size(), std::string_view(prefix).size()));
        if (text.starts_with(prefix) && !name.empty()) {
            return value_source{what, std::string(name)};
        }
    }
    return error{errc::invalid_input,
                 "must say where the value is: env:NAME, file:PATH or prompt. The value itself "
                 "does not belong in a group file"};
}

std::string to_text(const value_source& source) {
    switch (source.what) {
        case value_source::kind::environment:
            return "env:" + source.name;
        case value_source::kind::file:
            return "file:" + source.name;
        case value_source::kind::prompt:
            break;
    }
    return "prompt";
}

}  // namespace evergrass::group_file
