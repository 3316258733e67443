#pragma once

#include "libs/mqtt/reason.hpp"

#include <array>
#include <cstdint>

namespace evergrass::mqtt::wire {

// The reason codes that a packet may have.
class reason_set {
public:
    template <class... Codes>
    constexpr explicit reason_set(Codes... codes) {
        (add(codes), ...);
    }
    constexpr bool has(unsigned code) const {
        return (bits_[code >> 6U] >> (code & 63U) & 1U) != 0;
    }

private:
    constexpr void add(reason code) {
        const unsigned bit = static_cast<unsigned>(code);
        bits_[bit >> 6U] |= std::uint64_t{1} << (bit & 63U);
    }
    std::array<std::uint64_t, 4> bits_{};
};

}  // namespace evergrass::mqtt::wire
