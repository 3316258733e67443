#include "libs/mqtt/types.hpp"

#include <gtest/gtest.h>

#include <string>

namespace evergrass::mqtt {
namespace {

using namespace std::string_view_literals;

TEST(topic_name, accepts_slashes_dollars_and_any_unicode) {
    for (const auto name : {"a"sv, "/"sv, "a//b"sv, "$aws/things/x"sv, "$other"sv,
                            "t\xC3\xA9l\xC3\xA9/\xF0\x9F\x8C\xB1"sv, "\xEF\xBF\xBE"sv}) {
        EXPECT_TRUE(check_topic_name(name)) << name;
    }
}

TEST(topic_name, refuses_what_the_standard_forbids) {
    for (const auto name : {""sv, "a\0b"sv, "a/+"sv, "#"sv, "a/#/b"sv, "\xC3"sv, "\xED\xA0\x80"sv,
                            "\xC0\x80"sv, "\xFF"sv}) {
        EXPECT_FALSE(check_topic_name(name)) << name;
    }
}

TEST(topic_name, longer_than_a_wire_string_is_refused) {
    EXPECT_TRUE(check_topic_name(std::string(65'535, '/')));
    EXPECT_FALSE(check_topic_name(std::string(65'536, '/')));
}

TEST(topic_filter, accepts_wildcards_as_whole_levels) {
    for (const auto filter : {"#"sv, "+"sv, "a/#"sv, "+/+"sv, "a/+/b/#"sv, "/+"sv, "$SYS/#"sv}) {
        EXPECT_TRUE(check_topic_filter(filter)) << filter;
    }
}

TEST(topic_filter, refuses_wildcards_elsewhere) {
    for (const auto filter : {""sv, "a/#/b"sv, "a+"sv, "a#"sv, "a/b+/c"sv, "##"sv, "++"sv, "#/"sv,
                              "a/#/"sv, "a\0"sv, "\xFF/#"sv}) {
        EXPECT_FALSE(check_topic_filter(filter)) << filter;
    }
}

TEST(topic_matches, follows_the_examples_of_the_standard) {
    EXPECT_TRUE(topic_matches("sport/tennis/player1/#", "sport/tennis/player1"));
    EXPECT_TRUE(topic_matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    EXPECT_TRUE(topic_matches("sport/#", "sport"));
    EXPECT_TRUE(topic_matches("#", "sport/tennis"));
    EXPECT_TRUE(topic_matches("sport/tennis/+", "sport/tennis/player1"));
    EXPECT_FALSE(topic_matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    EXPECT_FALSE(topic_matches("sport/+", "sport"));
    EXPECT_TRUE(topic_matches("sport/+", "sport/"));
    EXPECT_TRUE(topic_matches("+/+", "/finance"));
    EXPECT_TRUE(topic_matches("/+", "/finance"));
    EXPECT_FALSE(topic_matches("+", "/finance"));
    EXPECT_FALSE(topic_matches("#", "$SYS/monitor"));
    EXPECT_FALSE(topic_matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    EXPECT_TRUE(topic_matches("$SYS/#", "$SYS/monitor"));
    EXPECT_TRUE(topic_matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
}

TEST(topic_matches, survives_65400_slashes) {
    const std::string deep(65'400, '/');
    EXPECT_TRUE(topic_matches("#", deep));
    EXPECT_TRUE(topic_matches(deep, deep));
    EXPECT_FALSE(topic_matches("/+", deep));
    std::string plus = "+";
    for (int i = 0; i < 32'000; ++i) {
        plus += "/+";
    }
    EXPECT_FALSE(topic_matches(plus, deep));
    EXPECT_TRUE(check_topic_name(deep));
}

}  // namespace
}  // namespace evergrass::mqtt
