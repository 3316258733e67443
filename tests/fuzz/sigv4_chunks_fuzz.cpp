#include "libs/aws/chunks.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// A body from outside in aws-chunked pieces, whose signatures nobody has made with this secret.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass::aws;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto body = split_chunks(text);
    if (!body) {
        return 0;
    }
    if (body->join().size() > size || body->chunks.empty() || !body->chunks.back().bytes.empty()) {
        std::abort();
    }
    const authorization claimed{"K", "20130524", "r", "s3", {"host"}, std::string(64, '0')};
    for (const auto* stated :
         {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}) {
        if (verify_chunks(*body, stated, claimed, "20130524T000000Z", "secret")) {
            std::abort();
        }
    }
    return 0;
}
