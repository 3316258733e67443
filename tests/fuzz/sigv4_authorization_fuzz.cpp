#include "libs/aws/sigv4.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// An Authorization header from outside; one that is read is checked against a request that it never
// signed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view header(reinterpret_cast<const char*>(data), size);
    const auto claimed = evergrass::aws::parse_authorization(header);
    if (claimed) {
        const auto now = *evergrass::parse_basic_iso8601("20261123T193000Z");
        const evergrass::aws::signable_request r{
            "GET",
            "/" + std::string(header.substr(0, 64)),
            {{"host", "h"}, {"x-amz-date", "20261123T193000Z"}},
            ""};
        if (evergrass::aws::verify(r, *claimed, "secret", now)) {
            std::abort();
        }
    }
    return 0;
}
