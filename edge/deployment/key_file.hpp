#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <string>

namespace evergrass::edge {

// The private key in the file, PEM. Where there is none, or a damaged one, with which nothing can
// be signed any more, it is made: RSA-2048, 0600, in a directory of 0700, which takes some 100 ms.
result<std::string> read_or_make_key(const std::filesystem::path& path);

}  // namespace evergrass::edge
