#pragma once

#include <cstdint>
#include <string_view>

namespace evergrass::log_store {

// CRC-32C (Castagnoli, reflected 0x82F63B78) of `bytes`, continuing from `before`:
// crc32c(b, crc32c(a)) is the checksum of a followed by b. crc32c("123456789") is 0xE3069283.
// Uses SSE4.2 where the processor has it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The same without special instructions.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0);

}  // namespace evergrass::log_store
