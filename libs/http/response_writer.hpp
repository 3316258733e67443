#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace evergrass::http {

// Which bytes of a file an answer holds.
struct byte_range {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
};

// "bytes=5-", "bytes=0-9", "bytes=-100" against a file of `total` bytes. Several ranges and other
// forms are ignored, which RFC 9110 allows: nullopt, the whole file. A range beyond the end is
// errc::invalid_input: 416.
result<std::optional<byte_range>> parse_range(std::string_view header, std::uint64_t total);

std::string_view reason_phrase(int status);

// "Mon, 23 Nov 2026 19:42:00 GMT" whatever the locale.
std::string http_date(wall_time when);

// Status line and header fields up to the empty line. Adds content-length (not for 101 and 204),
// date and connection; those of the handler and transfer-encoding are dropped. Line breaks inside a
// value become blanks.
std::string response_head(const response& answer, std::uint64_t content_length, bool keep_alive,
                          bool http_1_0, wall_time now);

}  // namespace evergrass::http
