#include "libs/base/uuid_source.hpp"

#include "libs/base/random.hpp"

#include <memory>

namespace evergrass {
namespace {

constexpr std::size_t uuid_bytes = 16;
constexpr std::size_t stocked = 256;

}  // namespace

std::string uuid_of(std::string_view random) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < uuid_bytes; ++i) {
        auto byte = static_cast<unsigned char>(random[i]);
        if (i == 6) {
            byte = static_cast<unsigned char>((byte & 0x0fU) | 0x40U);
        } else if (i == 8) {
            byte = static_cast<unsigned char>((byte & 0x3fU) | 0x80U);
        }
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += digits[byte >> 4U];
        text += digits[byte & 0x0fU];
    }
    return text;
}

uuid_source::uuid_source() : stocks_([] { return std::make_unique<stock>(); }) {}

std::string uuid_source::next() {
    auto& mine = stocks_.here();
    if (mine.used == mine.bytes.size()) {
        mine.bytes = random_bytes(stocked * uuid_bytes);
        mine.used = 0;
    }
    const auto from = std::string_view(mine.bytes).substr(mine.used, uuid_bytes);
    mine.used += uuid_bytes;
    return uuid_of(from);
}

}  // namespace evergrass
