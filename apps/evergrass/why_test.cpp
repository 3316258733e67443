#include "apps/evergrass/why.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::HasSubstr;

const std::string group = R"({
  "Devices": [{"thingArn": "arn:aws:iot:us-east-1:123456789012:thing/pump"},
              {"thingArn": "arn:aws:iot:us-east-1:123456789012:thing/lamp"}],
  "GroupDefinitions": {
    "Lambdas": {"Content": []},
    "Subscriptions": {"Content": [
      {"Id": "lamp", "Source": "arn:aws:iot:us-east-1:123456789012:thing/pump",
       "Subject": "site/+/temperature", "Target": "arn:aws:iot:us-east-1:123456789012:thing/lamp"},
      {"Id": "gone", "Source": "arn:aws:iot:us-east-1:123456789012:thing/pump",
       "Subject": "gone", "Target": "arn:aws:lambda:us-east-1:123456789012:function:f:1"}]}}})";

result<json::object> ask(std::string from, std::string topic,
                         std::optional<std::string> to = std::nullopt) {
    why_options options;
    options.from = std::move(from);
    options.topic = std::move(topic);
    options.to = std::move(to);
    return why_of_file(options, group);
}

TEST(why_of_file, a_route_is_told_with_what_is_not_known) {
    const auto answer = ask("thing:pump", "site/1/temperature");
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->at("delivered"), true);
    const auto picture = why_picture(*answer);
    EXPECT_THAT(picture, HasSubstr("thing:pump publishes to site/1/temperature\n"));
    EXPECT_THAT(picture, HasSubstr("from a file, V1's group.json"));
    EXPECT_THAT(picture, HasSubstr("+--> thing:lamp   routed"));
    EXPECT_THAT(picture, HasSubstr("by subscription 'lamp' (subject site/+/temperature)"));
}

TEST(why_of_file, the_level_that_differs_is_marked) {
    const auto answer = ask("thing:pump", "site/1/pressure");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->at("delivered"), false);
    const auto picture = why_picture(*answer);
    EXPECT_THAT(picture, HasSubstr("[subject_differs]\n"));
    EXPECT_THAT(picture, HasSubstr("'lamp'  thing:pump --[site/+/>temperature<]--> thing:lamp\n"));
    EXPECT_THAT(picture, HasSubstr("level 3 differs: the subject has 'temperature', the topic has "
                                   "'pressure'\n"));
    EXPECT_THAT(why_picture(*ask("thing:pump", "gone/x")),
                HasSubstr("--[gone><]--> function:f:1\n      level 2 differs: the subject has "
                          "nothing, the topic has 'x'"));
}

TEST(why_of_file, ends_that_the_file_does_not_have_are_told) {
    EXPECT_THAT(why_picture(*ask("thing:stranger", "site/1/temperature")),
                HasSubstr("[certificate_not_in_group]\n       next: add the device"));
    const auto stopped = ask("thing:pump", "gone", "function:f");
    ASSERT_TRUE(stopped) << stopped.error().message();
    EXPECT_EQ(stopped->at("delivered"), false);
    EXPECT_THAT(why_picture(*stopped), HasSubstr("[function_stopped]"));
}

TEST(why_of_file, a_wrong_question_names_the_option) {
    EXPECT_THAT(ask("pump", "t").error().message(), HasSubstr("--from: 'pump'"));
    EXPECT_THAT(ask("thing:pump", "t/#").error().message(), HasSubstr("--topic 't/#'"));
    EXPECT_THAT(ask("thing:pump", "t", "function:g").error().message(),
                HasSubstr("it has function:f:1"));
}

// An answer of a newer or older core has other members.
TEST(why_picture, does_without_members_that_are_missing) {
    EXPECT_THAT(why_picture({{"source", "thing:a"}, {"topic", "t"}}),
                HasSubstr("thing:a publishes to t\n"));
}

}  // namespace
}  // namespace evergrass::cli
