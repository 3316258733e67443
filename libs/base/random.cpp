#include "libs/base/random.hpp"

#include "libs/base/encoding.hpp"

#include <cerrno>
#include <stdexcept>
#include <sys/random.h>

namespace evergrass {

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        const auto got = ::getrandom(bytes.data() + have, count - have, 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw std::runtime_error("getrandom failed: the kernel gives no random numbers");
        }
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

std::string uuid_v4() {
    auto bytes = random_bytes(16);
    bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
    const auto hex = hex_encode(bytes);
    return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' +
           hex.substr(16, 4) + '-' + hex.substr(20);
}

}  // namespace evergrass
