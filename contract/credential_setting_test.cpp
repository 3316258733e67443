#include "contract/credential_setting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::contract {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(credential_setting, each_form_is_read_and_written_alike) {
    for (const auto* text :
         {"service", "sts",
          "role-alias:c1.credentials.iot.eu-west-1.amazonaws.com/GreengrassRole_Alias-2",
          "role-alias:localhost:8443/a"}) {
        const auto read = parse_credential_setting(text);
        ASSERT_TRUE(read) << read.error().message();
        EXPECT_EQ(to_string(*read), text);
    }
    const auto read = parse_credential_setting("role-alias:h.example:444/x,y=z");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->endpoint, "h.example:444");
    EXPECT_EQ(read->alias, "x,y=z");
}

TEST(credential_setting, says_which_part_is_wrong_and_what_the_forms_are) {
    const auto why = [](std::string_view text) {
        const auto read = parse_credential_setting(text);
        return read ? "none" : read.error().message();
    };
    EXPECT_THAT(why("STS"), AllOf(HasSubstr("'STS' names no source"),
                                  HasSubstr("service, sts or role-alias:ENDPOINT/ALIAS")));
    EXPECT_THAT(why(""), HasSubstr("names no source"));
    EXPECT_THAT(why("role-alias:host"), HasSubstr("no '/'"));
    for (const auto* endpoint : {"", "https://h", "-h", "h:", "h:0", "h:65536", "h:1x", "h p"}) {
        EXPECT_THAT(why("role-alias:" + std::string(endpoint) + "/a"), HasSubstr("'")) << endpoint;
        EXPECT_NE(why("role-alias:" + std::string(endpoint) + "/a"), "none") << endpoint;
    }
    for (const auto& alias : {std::string(), std::string("a/b"), std::string("a b"),
                              std::string("a?b"), std::string(129, 'a')}) {
        EXPECT_THAT(why("role-alias:h/" + alias), HasSubstr("role alias that is not")) << alias;
    }
}

}  // namespace
}  // namespace evergrass::contract
