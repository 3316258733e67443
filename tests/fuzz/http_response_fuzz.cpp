// What a hostile or broken service answers a core with.

#include "libs/http/response_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    evergrass::http::response_reader reader((data[0] & 1) != 0);
    const std::size_t piece = 1U + data[0] / 2U;
    std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    std::string body;
    while (!bytes.empty()) {
        const auto now = bytes.substr(0, piece);
        bytes.remove_prefix(now.size());
        reader.buffer().append(now);
        body.clear();
        const auto complete = reader.advance(body);
        if (!complete || *complete) {
            return 0;
        }
    }
    reader.end_of_stream();
    return 0;
}
