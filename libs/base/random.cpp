#include "libs/base/random.hpp"

#include "libs/base/uuid_source.hpp"

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
    return uuid_of(random_bytes(16));
}

}  // namespace evergrass
