#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass {

// Lower-case hexadecimal.
std::string hex_encode(std::string_view bytes);
result<std::string> hex_decode(std::string_view text);

// Base64 of RFC 4648 §4: standard alphabet, padded. Decoding refuses anything else, white space
// too.
std::string base64_encode(std::string_view bytes);
result<std::string> base64_decode(std::string_view text);

// Percent-encodes every byte that is not unreserved (RFC 3986 §2.3); `keep_slash` leaves '/' alone.
std::string percent_encode(std::string_view text, bool keep_slash = false);
// Decodes %XX; refuses a broken escape. '+' stays '+'.
result<std::string> percent_decode(std::string_view text);

// True for well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace evergrass
