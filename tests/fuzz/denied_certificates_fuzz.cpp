// What a service says of devices that lost their certificates: nothing may do more than be refused.

#include "edge/deployment/denied_certificates.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto told = evergrass::edge::parse_denied_certificates(text);
    if (told && (told->deployment_id.empty() || told->nonce.empty())) {
        std::abort();
    }
    return 0;
}
