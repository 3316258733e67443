// What a device asks of fleet provisioning in CBOR.

#include "libs/cbor/cbor.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto read = evergrass::parse_cbor(bytes);
    if (!read) {
        return 0;
    }
    // What was taken can be answered, and means the same then.
    const auto again = evergrass::parse_cbor(evergrass::to_cbor(*read), {size * 9 + 9, 32});
    if (!again || *again != *read) {
        std::abort();
    }
    return 0;
}
