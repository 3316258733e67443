#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass {

inline constexpr std::size_t sealing_key_bytes = 32;

// AES-256-GCM: a random nonce of 12 bytes, the ciphertext, the tag of 16 bytes. `about` is not in
// the result and must be the same when it is opened: what the text belongs to, so that a sealed
// text that was put in another's place does not open. REQUIRES: a key of 32 bytes.
std::string seal(std::string_view key, std::string_view text, std::string_view about);

// errc::corrupt when it was not sealed with this key and `about`, or was changed since.
result<std::string> open_sealed(std::string_view key, std::string_view sealed,
                                std::string_view about);

}  // namespace evergrass
