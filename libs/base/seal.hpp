#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass {

inline constexpr std::size_t seal_key_bytes = 32;

// AES-256-GCM: 12 random bytes of nonce, the ciphertext, 16 bytes of tag. `key` has seal_key_bytes.
// `purpose` is checked with it: what was sealed for one place opens at no other. Under one key, at
// most 2^32 texts.
std::string seal(std::string_view key, std::string_view plain, std::string_view purpose);

// errc::corrupt: sealed by another key or for another purpose, or changed since.
result<std::string> unseal(std::string_view key, std::string_view sealed, std::string_view purpose);

}  // namespace evergrass
