// PKCS#11 URIs, and what they say of the PIN's place. What is refused is not told with its values;
// what is taken has a type that there is.

#include "libs/pkcs11/uri.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass::pkcs11;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto read = parse_uri(text);
    if (!read) {
        if (read.error().message().size() > 8'192) {
            std::abort();
        }
        return 0;
    }
    if (!is_uri(text) || (read->type && read->type->empty())) {
        std::abort();
    }
    if (read->pin_source) {
        const auto path = path_of_pin_source(*read->pin_source);
        if (path && path->empty()) {
            std::abort();
        }
    }
    return 0;
}
