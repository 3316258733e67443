#include "libs/base/xml.hpp"

#include <gtest/gtest.h>

namespace evergrass {
namespace {

TEST(xml_text, what_xml_has_a_meaning_for_is_escaped) {
    EXPECT_EQ(xml_text(R"(<a b="c">&amp;)"), "&lt;a b=&quot;c&quot;&gt;&amp;amp;");
    EXPECT_EQ(xml_text("it's \xc3\xa4"), "it's \xc3\xa4");
}

TEST(xml_text, line_ends_and_tabs_stay_what_they_are) {
    EXPECT_EQ(xml_text("a\n\tb\r\n"), "a\n\tb&#13;\n");
}

TEST(xml_text, what_xml_has_no_form_for_is_shown_as_such) {
    EXPECT_EQ(xml_text(std::string_view("a\0b\x1b[", 5)),
              "a\xef\xbf\xbd"
              "b\xef\xbf\xbd[");
}

}  // namespace
}  // namespace evergrass
