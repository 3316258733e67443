#pragma once

#include "cloud/lambda/functions.hpp"

#include <string>

namespace evergrass::cloud::lambda {

// Where a package is on the ports of the AWS APIs, signed as S3's requests are. No bucket's name
// begins like this.
inline constexpr std::string_view code_path = "/_lambda/";

// A signed link to a function's package at `host[:port]`, for ten minutes, as GetFunction's is.
result<std::string> code_location(function_registry& in, const std::string& host,
                                  const std::string& sha256);

// The package of a function or one of its versions, by a path that begins as above.
answer<std::string> read_code(function_registry& in, std::string_view path);

}  // namespace evergrass::cloud::lambda
