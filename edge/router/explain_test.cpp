#include "edge/router/explain.hpp"

#include "edge/router/end_name.hpp"
#include "libs/mqtt/types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string thing(const std::string& name) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + name;
}

std::string function_arn_of(const std::string& name) {
    return "arn:aws:lambda:us-east-1:123456789012:function:" + name;
}

endpoint device(const std::string& name) {
    return {endpoint_kind::device, name};
}

class explain_test : public ::testing::Test {
protected:
    explanation ask(question q) {
        const explain_lookups states{[this](const endpoint& e) {
                                         const auto found = targets_.find(end_name(e));
                                         return found == targets_.end() ? end_state{}
                                                                        : found->second;
                                     },
                                     [this](const endpoint&) { return source_; }};
        return explain(*table_, q, states);
    }

    std::shared_ptr<const routing_table> table_ =
        *routing_table::build({{"up", thing("pump"), "site/+/temperature", "cloud"},
                               {"lamp", thing("pump"), "site/#", thing("lamp")},
                               {"lamp2", thing("pump"), "site/1/+", thing("lamp")},
                               {"alarm", thing("pump"), "alarm", function_arn_of("alarm:3")},
                               {"other", thing("valve"), "other", thing("lamp")}});
    std::map<std::string, end_state> targets_;
    end_state source_;
};

TEST_F(explain_test, names_each_target_with_the_subscriptions_that_lead_to_it) {
    const auto e = ask({device("pump"), "site/1/temperature", std::nullopt});
    EXPECT_TRUE(e.delivered());
    ASSERT_EQ(e.targets.size(), 2U);
    EXPECT_EQ(end_name(e.targets[0].target), "cloud");
    EXPECT_THAT(e.targets[1].subscriptions, ElementsAre("lamp", "lamp2"));
    EXPECT_EQ(e.considered.size(), 4U);
    EXPECT_EQ(e.considered.back().id, "alarm");
}

TEST_F(explain_test, shows_the_level_at_which_a_subject_differs) {
    const auto e = ask({device("pump"), "site/1/pressure", endpoint{endpoint_kind::cloud, ""}});
    EXPECT_FALSE(e.delivered());
    EXPECT_EQ(e.drop, drop_reason::subject_differs);
    EXPECT_THAT(e.targets, IsEmpty());
    // Those that lead to the lamp fit, but not to whom was asked for; the nearest other is "up".
    ASSERT_EQ(e.considered.size(), 4U);
    EXPECT_EQ(e.considered[0].near, nearness::other_target);
    const auto& up = e.considered[2];
    EXPECT_EQ(up.id, "up");
    EXPECT_EQ(up.level, 3U);
    EXPECT_EQ(up.subject_level, "temperature");
    EXPECT_EQ(up.topic_level, "pressure");
}

TEST_F(explain_test, tells_a_topic_that_is_too_short_or_too_long) {
    const auto shorter = ask({device("pump"), "site/1", endpoint{endpoint_kind::cloud, ""}});
    const auto& up = shorter.considered[1];
    EXPECT_EQ(up.id, "up");
    EXPECT_EQ(up.topic_level, std::nullopt);
    const auto longer = ask({device("pump"), "alarm/1", std::nullopt});
    EXPECT_EQ(longer.drop, drop_reason::subject_differs);
    EXPECT_EQ(longer.considered.front().id, "alarm");
    EXPECT_EQ(longer.considered.front().level, 2U);
    EXPECT_EQ(longer.considered.front().subject_level, std::nullopt);
}

TEST_F(explain_test, a_source_without_subscriptions_is_told_who_may_send_there) {
    const auto e = ask({device("valve2"), "other", std::nullopt});
    EXPECT_EQ(e.drop, drop_reason::no_subscription);
    ASSERT_EQ(e.considered.size(), 1U);
    EXPECT_EQ(e.considered[0].near, nearness::other_source);
    EXPECT_EQ(e.considered[0].source, device("valve"));
}

TEST_F(explain_test, takes_over_what_a_target_says) {
    targets_["thing:lamp"] = {true, drop_reason::device_not_connected};
    const auto both = ask({device("pump"), "site/1/temperature", std::nullopt});
    EXPECT_FALSE(both.delivered());
    EXPECT_EQ(both.targets[1].drop, drop_reason::device_not_connected);
    EXPECT_TRUE(ask({device("pump"), "site/1/temperature", endpoint{endpoint_kind::cloud, ""}})
                    .delivered());
}

TEST_F(explain_test, a_source_that_is_refused_reaches_nobody) {
    source_ = {true, drop_reason::certificate_not_in_group};
    const auto e = ask({device("pump"), "site/1/temperature", std::nullopt});
    EXPECT_FALSE(e.delivered());
    EXPECT_EQ(e.drop, drop_reason::certificate_not_in_group);
}

TEST_F(explain_test, what_nobody_knows_is_said_to_be_unknown) {
    targets_["cloud"] = {false, std::nullopt};
    const auto e = ask({device("pump"), "site/1/temperature", endpoint{endpoint_kind::cloud, ""}});
    EXPECT_TRUE(e.delivered());
    const auto out = to_json(e);
    EXPECT_EQ(out.at("targets").at(0).at("result"), "unknown");
}

TEST_F(explain_test, a_leading_wildcard_covers_no_reserved_topic) {
    table_ = *routing_table::build({{"all", thing("pump"), "#", "cloud"}});
    const auto e = ask({device("pump"), "$aws/x", std::nullopt});
    EXPECT_EQ(e.drop, drop_reason::subject_differs);
    EXPECT_TRUE(e.considered[0].reserved);
}

TEST_F(explain_test, every_drop_reason_can_be_said_of_a_target) {
    for (const auto& text : drop_reasons()) {
        targets_["cloud"] = {true, text.reason};
        const auto out = to_json(
            ask({device("pump"), "site/1/temperature", endpoint{endpoint_kind::cloud, ""}}));
        EXPECT_EQ(out.at("delivered"), false);
        EXPECT_EQ(out.at("targets").at(0).at("drop").at("name"), json::string(text.name));
    }
}

TEST_F(explain_test, lists_no_more_subscriptions_than_people_read) {
    std::vector<contract::subscription> many;
    for (int i = 0; i < 200; ++i) {
        many.push_back({std::to_string(i), thing("pump"), "t/" + std::to_string(i), "cloud"});
    }
    table_ = *routing_table::build(many);
    const auto e = ask({device("pump"), "t/x", std::nullopt});
    EXPECT_EQ(e.considered.size(), max_considered);
    EXPECT_EQ(e.left_out, 200 - max_considered);
}

TEST(first_difference, agrees_with_topic_matches) {
    for (const auto* filter :
         {"a", "a/b", "a/+", "a/#", "#", "+", "+/b", "a/+/c", "$x/#", "/", "a/"}) {
        for (const auto* topic : {"a", "a/b", "a/b/c", "$x", "$x/b", "/", "a/", "b", "b/b"}) {
            EXPECT_EQ(!first_difference(filter, topic), mqtt::topic_matches(filter, topic))
                << filter << " " << topic;
        }
    }
}

TEST(filter_covers, when_every_topic_of_one_is_of_the_other) {
    EXPECT_TRUE(filter_covers("#", "a/b"));
    EXPECT_TRUE(filter_covers("a/#", "a"));
    EXPECT_TRUE(filter_covers("a/#", "a/+/b/#"));
    EXPECT_TRUE(filter_covers("a/+", "a/b"));
    EXPECT_TRUE(filter_covers("a/+", "a/+"));
    EXPECT_FALSE(filter_covers("a/b", "a/+"));
    EXPECT_FALSE(filter_covers("a/+", "a/#"));
    EXPECT_FALSE(filter_covers("a/+", "a/b/c"));
    EXPECT_FALSE(filter_covers("#", "$aws/x"));
    EXPECT_FALSE(filter_covers("+/x", "$aws/x"));
}

TEST(end_name, is_read_back) {
    const std::string connector = "arn:aws:greengrass:us-east-1::/connectors/ServiceNow/versions/1";
    const std::vector<endpoint> known{{endpoint_kind::function, function_arn_of("f:1")},
                                      {endpoint_kind::function, function_arn_of("g:1")},
                                      {endpoint_kind::function, function_arn_of("g:2")},
                                      {endpoint_kind::connector, connector}};
    for (const auto& e : known) {
        EXPECT_EQ(*parse_end_name(end_name(e), known), e);
    }
    for (const auto* name : {"thing:a", "cloud", "shadow"}) {
        EXPECT_EQ(end_name(*parse_end_name(name, known)), name);
    }
    EXPECT_EQ(*parse_end_name("function:f", known), known[0]);
    EXPECT_EQ(*parse_end_name(thing("a"), known), device("a"));
    EXPECT_THAT(parse_end_name("function:g", known).error().message(),
                HasSubstr("more than one function: say which of function:g:1, function:g:2"));
    EXPECT_THAT(parse_end_name("function:h", known).error().message(),
                HasSubstr("it has function:f:1"));
    EXPECT_THAT(parse_end_name("a", known).error().message(), HasSubstr("thing:NAME"));
}

}  // namespace
}  // namespace evergrass::edge
