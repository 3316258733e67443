#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <string_view>

namespace evergrass::cloud {

// JetStream's answer to what is to be kept: the place in the stream. Its refusal is
// errc::unavailable with its own words; no answer, as where no stream takes the subject, too.
result<std::uint64_t> parse_keep_answer(std::string_view answer);

}  // namespace evergrass::cloud
