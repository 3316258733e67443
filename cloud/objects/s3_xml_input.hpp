#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

// The XML that S3's requests carry: elements and texts. Attributes are read over; processing
// instructions and comments too. A document type is refused, so no entity is ours to expand.
namespace evergrass::cloud::objects {

struct xml_element {
    std::string name;  // without its prefix
    std::string text;  // between its tags, its children's apart
    std::vector<xml_element> children;

    // The text of the first child of that name; empty when there is none.
    std::string text_of(std::string_view child) const;
};

// The document's root. At most `max_elements` elements, 8 levels deep.
result<xml_element> read_xml(std::string_view text, std::size_t max_elements = 50'000);

}  // namespace evergrass::cloud::objects
