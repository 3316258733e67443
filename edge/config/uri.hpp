#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// "file:///abs/path" to the path, as `crypto` writes it; a plain absolute path is taken too.
// pkcs11: is refused, as only a private key can be in a token; any other scheme gets V1's text,
// ErrUnknownURIScheme (spec/core.md §27).
result<std::filesystem::path> parse_key_uri(std::string_view member, std::string_view uri);

// The name in `known` that differs from `name` by at most two edits, or empty. For typos.
std::string_view closest(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace evergrass::edge
