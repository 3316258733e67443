// The bytes of a WebSocket before and in its frames. However they are cut into pieces, the request
// is judged the same and the same data comes out.

#include "libs/mqtt/websocket.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace evergrass::mqtt;

struct reading {
    std::string data;
    std::string control;
    bool ended = false;

    bool operator==(const reading&) const = default;
};

reading read(std::string_view bytes, std::size_t piece) {
    websocket socket;
    reading all;
    while (!bytes.empty() && !all.ended) {
        std::string part(bytes.substr(0, piece));
        bytes.remove_prefix(part.size());
        const auto got = socket.receive(part);
        if (got.data > part.size() || got.ended != !socket.why().empty()) {
            std::abort();
        }
        all.data += part.substr(0, got.data);
        all.ended = got.ended;
    }
    all.control = socket.control();
    return all;
}

std::size_t upgrade(std::string_view bytes) {
    using verdict = upgrade_request::verdict;
    const auto whole = read_upgrade(bytes);
    if (whole.what == verdict::accepted) {
        if (whole.size > bytes.size() ||
            read_upgrade(bytes.substr(0, whole.size)).answer != whole.answer ||
            read_upgrade(bytes.substr(0, whole.size - 1)).what != verdict::incomplete) {
            std::abort();
        }
        return whole.size;
    }
    if ((whole.what == verdict::refused) == whole.answer.empty()) {
        std::abort();
    }
    return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    bytes.remove_prefix(upgrade(bytes));
    const auto whole = read(bytes, bytes.size() + 1);
    if (read(bytes, 1) != whole || read(bytes, 7) != whole) {
        std::abort();
    }
    return 0;
}
