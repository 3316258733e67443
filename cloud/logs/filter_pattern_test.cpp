#include "cloud/logs/filter_pattern.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud::logs {
namespace {

bool match(std::string_view pattern, std::string_view message) {
    const auto read = filter_pattern::parse(pattern);
    EXPECT_TRUE(read) << pattern << ": " << (read ? "" : read.error().message());
    return read && read->matches(message);
}

TEST(filter_pattern, an_empty_one_matches_everything) {
    EXPECT_TRUE(match("", "a"));
    EXPECT_TRUE(match("  ", ""));
}

TEST(filter_pattern, terms_must_all_be_there_with_their_case) {
    EXPECT_TRUE(match("ERROR disk", "a disk has an ERROR"));
    EXPECT_FALSE(match("ERROR disk", "an ERROR"));
    EXPECT_FALSE(match("error", "ERROR"));
    EXPECT_TRUE(match("\"disk full\"", "the disk full"));
    EXPECT_FALSE(match("\"disk full\"", "full disk"));
    EXPECT_TRUE(match("\"[x]\"", "a [x] b"));
}

TEST(filter_pattern, one_of_the_optional_terms_and_none_of_the_unwanted_is_there) {
    EXPECT_TRUE(match("?WARN ?ERROR", "ERROR 1"));
    EXPECT_FALSE(match("?WARN ?ERROR", "INFO"));
    EXPECT_TRUE(match("ERROR -exiting", "ERROR 1"));
    EXPECT_FALSE(match("ERROR -\"is exiting\"", "ERROR is exiting"));
}

TEST(filter_pattern, members_of_json_are_compared) {
    const auto* message =
        R"({"level":"ERROR","took":120.5,"user":{"name":"anna"},"tags":["a","b"],"ok":true,"none":null})";
    for (const auto* yes :
         {"{ $.level = ERROR }", "{$.level=\"ERR*\"}", "{ $.level = *RO* }", "{ $.took > 120 }",
          "{ $.took >= 120.5 && $.took <= 120.5 }", "{ $.took != 7 }", "{ $.user.name = \"anna\" }",
          "{ $.tags[1] = b }", "{ $.ok IS TRUE }", "{ $.none IS NULL }", "{ $.gone NOT EXISTS }",
          "{ ($.level = WARN || $.level = ERROR) && $.took < 1000 }",
          "{ $.level = WARN && $.took > 1 || $.ok is true }", "{ $.ok = true }"}) {
        EXPECT_TRUE(match(yes, message)) << yes;
    }
    for (const auto* no :
         {"{ $.level = WARN }", "{ $.took < 120 }", "{ $.user = anna }", "{ $.tags[2] = b }",
          "{ $.ok IS FALSE }", "{ $.level IS NULL }", "{ $.level NOT EXISTS }", "{ $.gone = x }",
          "{ $.gone != x }", "{ $.level > 3 }", "{ $.level = \"*X\" }",
          "{ $.level = \"ERROR*R\" }"}) {
        EXPECT_FALSE(match(no, message)) << no;
    }
    EXPECT_FALSE(match("{ $.a = 1 }", "not json"));
    EXPECT_FALSE(match("{ $.a NOT EXISTS }", "[1]"));
}

TEST(filter_pattern, what_is_wrong_or_not_here_is_told) {
    for (const auto* bad : {"{ $.a = 1",
                            "{ }",
                            "{ a = 1 }",
                            "{ $.a }",
                            "{ $.a IS MAYBE }",
                            "{ ($.a = 1 }",
                            "{ $.a = }",
                            "{ $.a = \"x }",
                            "{ $.a[x] = 1 }",
                            "{ $. = 1 }",
                            "{ $ = 1 }",
                            "{ $.a > x }",
                            "{ $.a = 1 } x",
                            "{ $.a = 1 $.b = 2 }",
                            "[a, b]",
                            "%x%",
                            "{ $.a = %x% }",
                            "\"open",
                            "a-b",
                            "-",
                            "? a",
                            "\"\""}) {
        const auto read = filter_pattern::parse(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_TRUE(read.error().context.starts_with("Invalid filter pattern: ")) << bad;
    }
    EXPECT_FALSE(filter_pattern::parse(std::string(1025, 'a')));
    EXPECT_FALSE(
        filter_pattern::parse("{" + std::string(30, '(') + "$.a=1" + std::string(30, ')') + "}"));
}

}  // namespace
}  // namespace evergrass::cloud::logs
