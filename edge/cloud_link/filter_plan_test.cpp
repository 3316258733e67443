#include "edge/cloud_link/filter_plan.hpp"

#include "libs/mqtt/topic_levels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using enum mqtt::qos;

wanted_filters plain(const std::vector<std::string>& filters) {
    wanted_filters all;
    for (const auto& filter : filters) {
        all[filter];
    }
    return all;
}

std::vector<std::string> at(const filter_plan& plan, unsigned connection) {
    std::vector<std::string> filters;
    for (const auto& [filter, level] : plan.connections().at(connection).filters) {
        filters.push_back(filter);
    }
    return filters;
}

// What is to be ended has been.
void settle(filter_plan& plan) {
    plan.release();
    const auto before = plan.connections();
    for (const auto& [number, c] : before) {
        for (const auto& [filter, waits] : c.leaving) {
            plan.left(number, filter);
        }
    }
}

TEST(filter_plan, fills_connections_one_after_the_other) {
    filter_plan plan(2);
    EXPECT_THAT(plan.connections(), ElementsAre(Pair(0U, ::testing::_)));
    EXPECT_THAT(plan.want(plain({"a", "b", "c", "d", "e"})), IsEmpty());
    EXPECT_THAT(at(plan, 0), ElementsAre("a", "b"));
    EXPECT_THAT(at(plan, 1), ElementsAre("c", "d"));
    EXPECT_THAT(at(plan, 2), ElementsAre("e"));
}

TEST(filter_plan, leaves_what_stays_where_it_is) {
    filter_plan plan(2);
    plan.want(plain({"a", "b", "c", "d", "e"}));
    plan.want(plain({"0", "b", "d", "e"}));
    EXPECT_THAT(at(plan, 0), ElementsAre("0", "b"));
    EXPECT_THAT(plan.connections().at(0).leaving, ElementsAre(Pair("a", false)));
    EXPECT_THAT(at(plan, 1), ElementsAre("d"));
    EXPECT_THAT(at(plan, 2), ElementsAre("e"));
    plan.want(plain({"e"}));
    settle(plan);
    EXPECT_THAT(at(plan, 0), IsEmpty());
    EXPECT_FALSE(plan.connections().contains(1));
    EXPECT_THAT(at(plan, 2), ElementsAre("e"));
    plan.want(plain({"e", "f"}));
    EXPECT_THAT(at(plan, 0), ElementsAre("f"));
}

TEST(filter_plan, says_what_has_no_place) {
    filter_plan plan(1, 2);
    EXPECT_THAT(plan.want(plain({"a", "b", "c"})), ElementsAre("c"));
    EXPECT_THAT(plan.want(plain({"b", "c"})), IsEmpty());
}

TEST(filter_plan, a_filter_that_another_covers_is_not_asked_for) {
    filter_plan plan(10);
    auto all = plain({"a/+", "a/b", "a/#", "a", "$aws/x", "#"});
    all["a/b"].level = at_least_once;
    plan.want(all);
    EXPECT_THAT(at(plan, 0), ElementsAre("#", "$aws/x"));
    EXPECT_EQ(plan.connections().at(0).filters.at("#"), at_least_once);
    EXPECT_EQ(plan.connections().at(0).filters.at("$aws/x"), at_most_once);
    // Where `a/#` is not known to match `a`, that is asked for, and apart.
    plan.want(plain({"a/#", "a", "a/b"}));
    settle(plan);
    EXPECT_THAT(at(plan, 0), ElementsAre("a"));
    EXPECT_THAT(at(plan, 1), ElementsAre("a/#"));
}

TEST(filter_plan, a_wider_filter_takes_over_before_the_narrower_ones_end) {
    filter_plan plan(10);
    plan.want(plain({"a/b", "a/c", "z"}));
    plan.want(plain({"a/+"}));
    EXPECT_THAT(plan.connections().at(0).leaving,
                UnorderedElementsAre(Pair("a/b", true), Pair("a/c", true), Pair("z", false)));
    plan.release();
    EXPECT_FALSE(plan.connections().at(0).leaving.at("a/b"));
    settle(plan);
    plan.want(plain({"a/b"}));
    EXPECT_THAT(plan.connections().at(0).leaving, ElementsAre(Pair("a/+", true)));
    // Wanted again before it ended.
    plan.want(plain({"a/+", "a/b"}));
    EXPECT_THAT(at(plan, 0), ElementsAre("a/+"));
}

TEST(filter_plan, what_waits_to_be_ended_takes_room) {
    filter_plan plan(2);
    plan.want(plain({"a/b", "a/c"}));
    plan.want(plain({"a/+"}));
    EXPECT_THAT(at(plan, 0), IsEmpty());
    EXPECT_THAT(at(plan, 1), ElementsAre("a/+"));
}

TEST(filter_plan, filters_that_share_topics_are_apart) {
    filter_plan plan(10);
    plan.want(plain({"+/x", "a/+", "b/+", "c"}));
    EXPECT_THAT(at(plan, 0), ElementsAre("+/x", "c"));
    EXPECT_THAT(at(plan, 1), ElementsAre("a/+", "b/+"));
    const auto has = [](unsigned, const std::string&) { return true; };
    EXPECT_TRUE(plan.takes(0, "a/x", has));
    EXPECT_FALSE(plan.takes(1, "a/x", has));
    EXPECT_TRUE(plan.takes(1, "a/y", has));
    EXPECT_TRUE(plan.takes(1, "a/x", [](unsigned, const std::string&) { return false; }));
}

TEST(filter_plan, sessions_that_are_kept_are_apart_and_go_first) {
    filter_plan plan(10);
    wanted_filters all = plain({"a/x"});
    all["a/+"] = {at_least_once, true};
    all["both"] = {at_least_once, true};
    all["+/y"] = {at_least_once, false};
    plan.want(all);
    EXPECT_THAT(at(plan, 0), ElementsAre("+/y"));
    EXPECT_THAT(at(plan, 1), ElementsAre("a/+", "both"));
    EXPECT_TRUE(plan.connections().at(1).kept);
    const auto has = [](unsigned, const std::string&) { return true; };
    EXPECT_TRUE(plan.takes(1, "a/y", has));
    EXPECT_FALSE(plan.takes(0, "a/y", has));
    // A kept one is never covered by one that is not.
    all["#"] = {};
    plan.want(all);
    settle(plan);
    EXPECT_THAT(at(plan, 0), ElementsAre("#"));
    EXPECT_THAT(at(plan, 1), ElementsAre("a/+", "both"));
    // Turned off: all move.
    plan.want(plain({"a/+", "both"}));
    EXPECT_THAT(at(plan, 0), ElementsAre("a/+", "both"));
    settle(plan);
    EXPECT_FALSE(plan.connections().contains(1));
}

TEST(filter_plan, takes_up_what_an_earlier_run_had) {
    filter_plan plan(2);
    plan.restore(3, {"old", "same"});
    plan.restore(4, {"gone"});
    wanted_filters all;
    all["same"] = all["fresh"] = all["more"] = {at_least_once, true};
    plan.want(all);
    EXPECT_THAT(at(plan, 3), ElementsAre("fresh", "same"));
    EXPECT_THAT(plan.connections().at(3).leaving, ElementsAre(Pair("old", false)));
    EXPECT_THAT(at(plan, 4), ElementsAre("more"));
    EXPECT_FALSE(plan.connections().contains(1));
}

// A server gives a message to a connection once, or once for each filter that matches; `a/#`
// matches `a` or does not.
struct server_kind {
    bool once;
    bool parent_too;
};

std::size_t copies(const filter_plan& plan, const std::string& topic, server_kind server) {
    std::size_t taken = 0;
    const auto has = [](unsigned, const std::string&) { return true; };
    for (const auto& [number, c] : plan.connections()) {
        std::size_t came = 0;
        for (const auto& [filter, level] : c.filters) {
            came += mqtt::filter_matches(filter, topic, server.parent_too) ? 1 : 0;
        }
        if (came != 0 && plan.takes(number, topic, has)) {
            taken += server.once ? 1 : came;
        }
    }
    return taken;
}

std::string shown(const filter_plan& plan) {
    std::string text;
    for (const auto& [number, c] : plan.connections()) {
        text += "\n" + std::to_string(number) + (c.kept ? " kept:" : ":");
        for (const auto& [filter, level] : c.filters) {
            text += " '" + filter + "'";
        }
    }
    return text;
}

TEST(filter_plan, whatever_the_filters_each_message_is_taken_once) {
    std::mt19937 random(20'20);
    const auto pick = [&random](const auto& from) {
        return from[std::uniform_int_distribution<std::size_t>(0, from.size() - 1)(random)];
    };
    const std::vector<std::string> levels = {"a", "b", "$s", "+", ""};
    const std::vector<std::string> names = {"a", "b", "$s", "", "c"};
    for (int run = 0; run < 40; ++run) {
        filter_plan plan(1 + run % 5);
        for (int change = 0; change < 6; ++change) {
            wanted_filters all;
            for (int i = 0; i < 12; ++i) {
                std::string filter = pick(levels);
                for (auto more = random() % 3; more != 0; --more) {
                    filter += "/" + pick(levels);
                }
                if (random() % 4 == 0) {
                    filter += "/#";
                }
                if (mqtt::check_topic_filter(filter)) {
                    all[filter] = {random() % 2 == 0 ? at_most_once : at_least_once,
                                   random() % 4 == 0};
                }
            }
            const auto before = plan.connections();
            ASSERT_THAT(plan.want(all), IsEmpty());
            for (const auto& [number, c] : plan.connections()) {
                ASSERT_LE(c.filters.size(), static_cast<std::size_t>(1 + run % 5));
                for (const auto& [filter, level] : c.filters) {
                    ASSERT_EQ(all.at(filter).kept, c.kept);
                    for (const auto& [other, was] : before) {
                        // What was somewhere and still is wanted has not moved.
                        ASSERT_TRUE(other == number || was.kept != c.kept ||
                                    !was.filters.contains(filter))
                            << filter;
                    }
                }
            }
            settle(plan);
            for (int i = 0; i < 20; ++i) {
                std::string topic = pick(names);
                for (auto more = random() % 4; more != 0; --more) {
                    topic += "/" + pick(names);
                }
                if (topic.empty()) {
                    continue;
                }
                for (const auto& server : {server_kind{true, true}, server_kind{true, false},
                                           server_kind{false, true}, server_kind{false, false}}) {
                    const bool wanted = std::any_of(all.begin(), all.end(), [&](const auto& f) {
                        return mqtt::filter_matches(f.first, topic, server.parent_too);
                    });
                    ASSERT_EQ(copies(plan, topic, server), wanted ? 1U : 0U)
                        << "run " << run << ", topic '" << topic << "': " << shown(plan);
                }
            }
        }
    }
}

}  // namespace
}  // namespace evergrass::edge
