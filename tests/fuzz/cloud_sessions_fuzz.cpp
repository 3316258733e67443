// A damaged file of the sessions that the cloud keeps.

#include "edge/cloud_link/session_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto read = evergrass::edge::parse_session_text(text);
    if (read) {
        const auto again = evergrass::edge::parse_session_text(write_session_text(*read));
        if (!again || again->filters != read->filters || again->client_ids != read->client_ids) {
            std::abort();
        }
    }
    return 0;
}
