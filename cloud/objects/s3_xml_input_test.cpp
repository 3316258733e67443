#include "cloud/objects/s3_xml_input.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud::objects {
namespace {

TEST(read_xml, elements_texts_and_references_are_read) {
    const auto root = read_xml(
        "<?xml version=\"1.0\"?>\n<!-- c --><s:Delete "
        "xmlns:s=\"urn:x\"><Object><Key>a&amp;b&#x20;&lt;"
        "&#252;<![CDATA[<raw>]]></Key></Object><Object><Key>two</Key></Object><Quiet/></"
        "s:Delete>\n");
    ASSERT_TRUE(root) << root.error().message();
    EXPECT_EQ(root->name, "Delete");
    ASSERT_EQ(root->children.size(), 3u);
    EXPECT_EQ(root->children[0].text_of("Key"), "a&b <\xc3\xbc<raw>");
    EXPECT_EQ(root->children[1].text_of("Key"), "two");
    EXPECT_EQ(root->children[2].name, "Quiet");
    EXPECT_EQ(root->text_of("nothing"), "");
}

TEST(read_xml, what_is_no_document_is_refused) {
    for (const std::string& text :
         {"", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&who;</a>", "<a>&#0;</a>",
          "<a>&#xd800;</a>", "<!DOCTYPE a><a/>", "<a><!DOCTYPE b></a>", "<a><![CDATA[x</a>",
          "<a><!-- </a>", "< a/>", "<a>\xff</a>", "<a", "<a>x"}) {
        EXPECT_FALSE(read_xml(text)) << text;
    }
}

TEST(read_xml, too_many_or_too_deep_elements_are_refused) {
    std::string deep;
    for (int i = 0; i < 9; ++i) {
        deep = "<a>" + deep + "</a>";
    }
    EXPECT_EQ(read_xml(deep).error().code, errc::too_large);
    EXPECT_EQ(read_xml("<a><b/><b/></a>", 2).error().code, errc::too_large);
    EXPECT_TRUE(read_xml("<a><b/><b/></a>", 3));
}

}  // namespace
}  // namespace evergrass::cloud::objects
