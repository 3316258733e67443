#pragma once

#include <string>
#include <string_view>

namespace evergrass {

// `text` as it stands between two tags, or in an attribute within double quotes. A character that
// XML 1.0 has no form for is shown as U+FFFD, so that the document stays one. `text` is UTF-8, or
// the document isn't.
std::string xml_text(std::string_view text);

}  // namespace evergrass
