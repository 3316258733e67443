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

TEST(shared_filter, has_a_name_and_a_filter) {
    const auto parts = parse_shared_filter("$share/group/a/+/#");
    ASSERT_TRUE(parts && *parts);
    EXPECT_EQ((*parts)->share_name, "group");
    EXPECT_EQ((*parts)->filter, "a/+/#");
    const auto slash = parse_shared_filter("$share/g//");
    ASSERT_TRUE(slash && *slash);
    EXPECT_EQ((*slash)->filter, "/");
}

TEST(shared_filter, is_none_without_the_prefix) {
    for (const auto filter :
         {"a"sv, "$share"sv, "$shared/g/t"sv, "/$share/g/t"sv, "$SHARE/g/t"sv}) {
        const auto parts = parse_shared_filter(filter);
        ASSERT_TRUE(parts) << filter;
        EXPECT_FALSE(*parts) << filter;
    }
}

TEST(shared_filter, without_a_name_or_a_filter_is_an_error) {
    for (const auto filter : {"$share/"sv, "$share/g"sv, "$share/g/"sv, "$share//t"sv,
                              "$share/+/t"sv, "$share/a+/t"sv, "$share/#"sv, "$share/a#/t"sv}) {
        EXPECT_FALSE(parse_shared_filter(filter)) << filter;
    }
}

TEST(topic_errors, name_what_is_wrong_and_the_rule) {
    EXPECT_EQ(check_topic_name("a/+").error().context,
              "the topic name holds a wildcard [MQTT-3.3.2-2]");
    EXPECT_EQ(check_topic_filter("a/#/b").error().context,
              "the topic filter goes on after '#' [MQTT-4.7.1-2]");
    EXPECT_EQ(parse_shared_filter("$share//t").error().context,
              "the topic filter names no share [MQTT-4.8.2-1]");
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
