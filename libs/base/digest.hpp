#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass {

// 32 raw bytes.
std::string sha256(std::string_view bytes);
// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);
// 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// The SHA-256 (hexadecimal) of a file's content, read in pieces.
result<std::string> sha256_hex_of_file(const std::string& path);
// Compares in time that depends on the lengths alone: for signatures and tokens.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace evergrass
