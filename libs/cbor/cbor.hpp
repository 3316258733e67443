#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass {

struct cbor_limits {
    std::size_t most_bytes = 128 * 1024;  // what AWS IoT's messages hold
    std::size_t max_depth = 32;           // of maps and arrays, as parse_json() has it
};

// One CBOR item (RFC 8949) that says what a JSON value says, and nothing after it. Lengths may be
// definite or not; a tag is passed over, what it tags counts; undefined is null.
//
// errc::too_large, or errc::invalid_input at the named byte: what JSON has not (byte strings,
// numbers past 64 bits, NaN and infinities, keys that are no texts), a key that comes twice, texts
// that are not UTF-8, too many levels, and bytes that are not CBOR. Takes no more stack for deep
// input than for flat input.
result<json::value> parse_cbor(std::string_view bytes, const cbor_limits& limits = {});

// With definite lengths, and members in their order. `value` is of at most cbor_limits::max_depth
// levels or so: it is walked by recursion.
std::string to_cbor(const json::value& value);

}  // namespace evergrass
