#include "edge/credentials/aws_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string answer_with(const std::string& expiration, const std::string& secret = "hush") {
    return R"({"credentials":{"accessKeyId":"ASIA1","secretAccessKey":")" + secret +
           R"(","sessionToken":"t/o=","expiration":")" + expiration + R"("}})";
}

TEST(credentials_answer, is_read_and_told_as_sdks_want_it) {
    for (const auto* time : {"2026-11-23T20:30:00Z", "2026-11-23T20:30:00.123Z"}) {
        const auto read = parse_credentials_answer(answer_with(time));
        ASSERT_TRUE(read) << read.error().message();
        EXPECT_EQ(to_container_json(*read),
                  R"({"AccessKeyId":"ASIA1","SecretAccessKey":"hush","Token":"t/o=",)"
                  R"("Expiration":"2026-11-23T20:30:00Z"})");
    }
}

TEST(credentials_answer, the_member_that_is_wrong_is_named_and_no_secret_told) {
    const auto why = [](const std::string& text) {
        const auto read = parse_credentials_answer(text);
        return read ? "none" : read.error().message();
    };
    for (const auto* time : {"", "2026-11-23", "2026-11-23T20:30:00", "2026-11-23 20:30:00Z",
                             "2026-11-23T20:30:00.Z", "2026-11-23T20:30:00.1x",
                             "2026-13-23T20:30:00Z", "2026-11-23T20:30:00+01:00Z", "1732393800"}) {
        EXPECT_THAT(why(answer_with(time)), AllOf(HasSubstr("expiration"), Not(HasSubstr("hush"))))
            << time;
    }
    EXPECT_THAT(why(answer_with("2026-11-23T20:30:00Z", "")), HasSubstr("secretAccessKey"));
    EXPECT_THAT(why(answer_with("2026-11-23T20:30:00Z", "a b")),
                AllOf(HasSubstr("secretAccessKey"), Not(HasSubstr("a b"))));
    EXPECT_THAT(why("{}"), HasSubstr("no object 'credentials'"));
    EXPECT_THAT(why("[]"), HasSubstr("no object 'credentials'"));
    EXPECT_NE(why("<html>"), "none");
}

}  // namespace
}  // namespace evergrass::edge
