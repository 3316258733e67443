#include "apps/evergrass/check_rules.hpp"

#include "apps/evergrass/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string thing(const std::string& name) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + name;
}

std::string function(const std::string& name) {
    return "arn:aws:lambda:us-east-1:123456789012:function:" + name + ":1";
}

// "error dead s1,s2" …
std::vector<std::string> found(std::vector<contract::subscription> subscriptions,
                               edge::group_file group = {}) {
    group.subscriptions = std::move(subscriptions);
    std::vector<std::string> out;
    for (const auto& f : check_group(group)) {
        std::string ids;
        for (const auto& id : f.subscriptions) {
            ids += (ids.empty() ? "" : ",") + id;
        }
        out.push_back((f.severity == finding::level::error ? "error " : "warning ") + f.rule + " " +
                      ids);
        EXPECT_GT(f.sentence.size(), 20U);
    }
    return out;
}

TEST(check_group, a_sound_group_has_no_findings) {
    EXPECT_THAT(found({{"1", thing("a"), "t/+", thing("b")},
                       {"2", thing("a"), "up/#", "cloud"},
                       {"3", "cloud", "down", thing("a")},
                       {"4", thing("a"), "in", function("f")},
                       {"5", function("f"), "out", thing("a")}}),
                IsEmpty());
}

TEST(check_group, ends_that_are_not_in_the_group_are_dead) {
    edge::group_file group;
    group.devices = {{edge::endpoint_kind::device, "a"}};
    EXPECT_THAT(found({{"1", thing("a"), "t", thing("gone")},
                       {"2", thing("gone"), "t", "cloud"},
                       {"3", thing("a"), "t", function("f")}},
                      group),
                ElementsAre("error dead 1", "error dead 2"))
        << "the file does not say which functions there are";
    group.functions.emplace();
    EXPECT_THAT(found({{"3", thing("a"), "t", function("f")}}, group), ElementsAre("error dead 3"));
}

TEST(check_group, subjects_that_the_source_never_publishes_to_are_dead) {
    EXPECT_THAT(found({{"1", "GGShadowService", "$aws/things/a/shadow/update/delta", thing("a")},
                       {"2", "GGShadowService", "t", thing("a")},
                       {"3", thing("a"), "t", "GGShadowService"},
                       {"4", thing("a"), std::string(257, 'x'), "cloud"}}),
                ElementsAre("error dead 2", "error dead 3", "error dead 4"));
}

TEST(check_group, what_the_core_would_refuse_is_invalid) {
    EXPECT_THAT(found({{"1", "nobody", "t", "cloud"},
                       {"2", thing("a"), "a/#/b", "cloud"},
                       {"3", thing("a"), "t", "cloud"},
                       {"3", thing("a"), "u", "cloud"}}),
                ElementsAre("error invalid 1", "error invalid 2", "error invalid 3"));
}

TEST(check_group, names_the_subscription_that_does_the_same_or_more) {
    EXPECT_THAT(found({{"1", thing("a"), "t/x", "cloud"},
                       {"2", thing("a"), "t/+", "cloud"},
                       {"3", thing("a"), "t/+", "cloud"},
                       {"4", thing("b"), "t/+", "cloud"},
                       {"5", thing("a"), "t/+", thing("b")}}),
                ElementsAre("warning shadowed 1,2", "warning duplicate 3,2"));
}

TEST(check_group, subjects_that_let_everything_through_are_over_broad) {
    EXPECT_THAT(found({{"1", thing("a"), "#", "cloud"},
                       {"2", "cloud", "+/#", thing("b")},
                       {"3", thing("c"), "x/#", "cloud"}}),
                ::testing::IsSupersetOf({"warning over_broad 1", "warning over_broad 2"}));
}

TEST(check_group, a_message_that_comes_back_is_a_loop) {
    EXPECT_THAT(found({{"1", function("f"), "t/#", "cloud"}, {"2", "cloud", "t/x", function("f")}}),
                ElementsAre("warning loop 1,2"));
    EXPECT_THAT(
        found({{"1", thing("a"), "t", function("f")}, {"2", function("f"), "t", thing("a")}}),
        ElementsAre("warning loop 1,2"));
    EXPECT_THAT(found({{"1", thing("a"), "t", function("f")},
                       {"2", function("f"), "t", function("g")},
                       {"3", function("g"), "#", thing("a")}}),
                ::testing::Contains("warning loop 1,2,3"));
    EXPECT_THAT(found({{"1", function("f"), "t", function("f")}}), ElementsAre("warning loop 1"));
}

TEST(check_group, what_goes_round_without_anybody_s_doing_is_an_error) {
    EXPECT_THAT(found({{"1", "cloud", "t", "cloud"}}), ElementsAre("error loop 1"));
}

TEST(check_group, circles_of_other_topics_or_of_devices_alone_are_none) {
    EXPECT_THAT(found({{"1", function("f"), "out", "cloud"},
                       {"2", "cloud", "in", function("f")},
                       {"3", thing("a"), "chat", thing("b")},
                       {"4", thing("b"), "chat", thing("a")}}),
                IsEmpty());
}

TEST(check_group, names_one_circle_for_subscriptions_that_lead_into_each_other) {
    EXPECT_THAT(found({{"1", function("f"), "t", "cloud"},
                       {"2", "cloud", "t", function("f")},
                       {"3", "cloud", "t", function("g")},
                       {"4", function("g"), "t", "cloud"}}),
                ElementsAre("warning loop 1,2"));
}

TEST(check_group, takes_ten_thousand_subscriptions) {
    std::vector<contract::subscription> many;
    for (int i = 0; i < 10'000; ++i) {
        const auto n = std::to_string(i);
        many.push_back({n, thing("a"), "t/" + n, i % 2 == 0 ? "cloud" : thing("b")});
    }
    EXPECT_THAT(found(many), IsEmpty());
}

TEST(check_text, names_the_file_and_counts) {
    edge::group_file group;
    group.kind = "V1's group.json";
    group.subscriptions = {{"s1", thing("a"), "#", "cloud"}};
    const auto findings = check_group(group);
    const auto text = check_text("group.json", group, findings);
    EXPECT_THAT(text, HasSubstr("group.json: warning: subscription 's1' [over_broad]: "));
    EXPECT_THAT(text, HasSubstr("1 subscription, 0 errors, 1 warning\n"));
    const auto out = check_json("group.json", group, findings);
    EXPECT_EQ(out.at("warnings"), 1U);
    EXPECT_EQ(out.at("findings").at(0).at("rule"), "over_broad");
}

}  // namespace
}  // namespace evergrass::cli
