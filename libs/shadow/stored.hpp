#pragma once

#include "libs/shadow/document.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace evergrass::shadow {

// How a document that exists is kept: {"state": …, "metadata": …}. The version is kept beside it.
std::string to_stored_text(const document& of);

// errc::corrupt of libs/base when the text is not one of ours.
result<document> from_stored_text(std::string_view text, std::int64_t version);

}  // namespace evergrass::shadow
