#include "libs/shadow/topics.hpp"

#include <gtest/gtest.h>

namespace evergrass::shadow {
namespace {

TEST(shadow_topics, the_three_requests_of_both_kinds_of_shadow_are_read) {
    const auto classic = parse_request_topic("$aws/things/Core-1:a_b/shadow/update");
    ASSERT_TRUE(classic);
    EXPECT_EQ(classic->which, (shadow_id{"Core-1:a_b", ""}));
    EXPECT_EQ(classic->what, operation::update);
    const auto named = parse_request_topic("$aws/things/T/shadow/name/N/delete");
    ASSERT_TRUE(named);
    EXPECT_EQ(named->which, (shadow_id{"T", "N"}));
    EXPECT_EQ(named->what, operation::remove);
    EXPECT_EQ(parse_request_topic("$aws/things/T/shadow/get")->what, operation::get);
    // Names that look like other levels.
    EXPECT_EQ(parse_request_topic("$aws/things/shadow/shadow/name/name/get")->which,
              (shadow_id{"shadow", "name"}));
}

TEST(shadow_topics, nothing_else_is_a_request) {
    for (const auto* topic :
         {"", "$aws/things/T/shadow", "$aws/things/T/shadow/", "$aws/things/T/shadow/put",
          "$aws/things/T/shadow/get/", "$aws/things/T/shadow/get/accepted",
          "$aws/things/T/shadow/update/delta", "$aws/things//shadow/get",
          "$aws/things/T/shadow/name//get", "$aws/things/T/shadow/name/N",
          "$aws/things/T/shadow/name/get", "$aws/things/T/shadow/name/N/get/accepted",
          "$aws/things/T U/shadow/get", "$aws/things/T/jobs/get", "things/T/shadow/get",
          "$AWS/things/T/shadow/get", "$aws/things/+/shadow/get"}) {
        EXPECT_FALSE(parse_request_topic(topic)) << topic;
    }
}

TEST(shadow_topics, names_have_limits) {
    EXPECT_TRUE(is_thing_name(std::string(128, 'a')));
    EXPECT_FALSE(is_thing_name(std::string(129, 'a')));
    EXPECT_TRUE(is_shadow_name(std::string(64, 'a')));
    EXPECT_FALSE(is_shadow_name(std::string(65, 'a')));
    EXPECT_FALSE(parse_request_topic("$aws/things/T/shadow/name/" + std::string(65, 'a') + "/get"));
}

TEST(shadow_topics, answers_go_below_the_request) {
    EXPECT_EQ(answer_topic({"T", ""}, operation::remove, answer::rejected),
              "$aws/things/T/shadow/delete/rejected");
    EXPECT_EQ(answer_topic({"T", "N"}, operation::update, answer::documents),
              "$aws/things/T/shadow/name/N/update/documents");
    EXPECT_EQ(answer_topic({"T", ""}, operation::update, answer::delta),
              "$aws/things/T/shadow/update/delta");
    EXPECT_EQ(answer_topic({"T", ""}, operation::get, answer::accepted),
              "$aws/things/T/shadow/get/accepted");
}

TEST(shadow_topics, are_read_and_written_alike) {
    const shadow_id classic{"T", ""};
    const shadow_id named{"T", "N"};
    for (const auto& which : {classic, named}) {
        for (const auto asked : {operation::get, operation::update, operation::remove}) {
            const auto request = parse_request_topic(topic_of_request(which, asked));
            ASSERT_TRUE(request);
            EXPECT_EQ(request->which, which);
            EXPECT_EQ(request->what, asked);
            for (const auto what :
                 {answer::accepted, answer::rejected, answer::delta, answer::documents}) {
                const auto heard = parse_answer_topic(answer_topic(which, asked, what));
                const bool exists = asked == operation::update || what == answer::accepted ||
                                    what == answer::rejected;
                ASSERT_EQ(heard.has_value(), exists);
                if (exists) {
                    EXPECT_EQ(heard->which, which);
                    EXPECT_EQ(heard->asked, asked);
                    EXPECT_EQ(heard->what, what);
                }
            }
        }
    }
    for (const auto* topic : {"", "/", "$aws/things/T/shadow/get", "$aws/things/T/shadow/get/",
                              "$aws/things/T/shadow/get/accepted/x"}) {
        EXPECT_FALSE(parse_answer_topic(topic)) << topic;
    }
}

}  // namespace
}  // namespace evergrass::shadow
