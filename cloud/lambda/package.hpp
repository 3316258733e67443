#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace evergrass::cloud::lambda {

// Lambda's limits of a deployment package.
inline constexpr std::size_t max_zipped_bytes = 50 * 1024 * 1024;
inline constexpr std::uint64_t max_unpacked_bytes = 250 * 1024 * 1024;
// Bounds the time that a package can cost; AWS's own number is not documented.
inline constexpr std::size_t max_entries = 100'000;

// Reads the whole zip, content too, and unpacks nothing: errc::too_large for a limit,
// errc::invalid_input or errc::denied for what is no zip, is damaged or encrypted, has no entry, or
// one that would land outside its folder. What it measures are the bytes that come out, not those
// that the archive claims. Any thread.
result<void> check_package(std::string_view package);

}  // namespace evergrass::cloud::lambda
