#pragma once

#include "libs/base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace evergrass {

using wall_time = std::chrono::system_clock::time_point;
using mono_time = std::chrono::steady_clock::time_point;

// The seam for time: whatever decides by the clock takes one of these, so that tests turn it.
class clock {
public:
    virtual ~clock() = default;
    virtual wall_time now() const { return std::chrono::system_clock::now(); }
    virtual mono_time mono_now() const { return std::chrono::steady_clock::now(); }
};

// "2019-11-11T05:47:31.435Z": UTC with milliseconds (spec/cloud.md §1.1), for any year 0..9999.
std::string format_iso8601(wall_time t);
// "20191111T054731Z", the form of SigV4's x-amz-date.
std::string format_basic_iso8601(wall_time t);
// Reads the basic form back; a year that wall_time can't hold (before 1678, after 2261) is an
// error.
result<wall_time> parse_basic_iso8601(std::string_view text);

// Whole seconds since 1970, 64 bits.
std::int64_t to_epoch_seconds(wall_time t);
std::int64_t to_epoch_milliseconds(wall_time t);

}  // namespace evergrass
