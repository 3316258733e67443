#include "libs/aws/sigv4.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// The target of a request from outside; a signature that is read from its query is checked with a
// secret that signed none of the corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string target(reinterpret_cast<const char*>(data), size);
    const auto claimed = evergrass::aws::parse_presigned(target);
    if (claimed && *claimed) {
        const auto now = *evergrass::parse_basic_iso8601("20261123T193000Z");
        const evergrass::aws::signable_request r{"GET", target, {{"host", "h"}}, ""};
        if (evergrass::aws::verify_presigned(r, **claimed, "secret", now)) {
            std::abort();
        }
    }
    return 0;
}
