#include "edge/router/table.hpp"

#include "edge/router/subject_index.hpp"
#include "libs/mqtt/types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string thing(const std::string& name) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + name;
}

const std::string counter = "arn:aws:lambda:us-east-1:123456789012:function:counter:7";

std::shared_ptr<const routing_table> table_of(std::vector<contract::subscription> subscriptions) {
    auto table = routing_table::build(subscriptions);
    EXPECT_TRUE(table) << table.error().message();
    return *table;
}

std::vector<std::string> names(const routing_table& table, const endpoint& source,
                               std::string_view topic) {
    std::vector<const endpoint*> found;
    table.match(source, topic, found);
    std::vector<std::string> out;
    for (const auto* e : found) {
        out.push_back(e->name);
    }
    return out;
}

const endpoint device_a{endpoint_kind::device, "a"};
const endpoint cloud{endpoint_kind::cloud, ""};

TEST(routing_table, leads_to_its_targets_and_to_no_other) {
    const auto table =
        table_of({{"1", thing("a"), "t/+", thing("b")}, {"2", "cloud", "#", counter}});
    const endpoint device_b{endpoint_kind::device, "b"};
    EXPECT_TRUE(table->leads_to(device_a, "t/x", device_b));
    EXPECT_FALSE(table->leads_to(device_a, "t", device_b));
    EXPECT_FALSE(table->leads_to(cloud, "t/x", device_b));
    EXPECT_FALSE(table->leads_to(device_a, "t/x", device_a));
}

TEST(routing_table, tells_which_subscriptions_match_those_of_a_target_together) {
    const auto table = table_of({{"1", thing("a"), "t/+", thing("b")},
                                 {"2", thing("a"), "t/x", thing("c")},
                                 {"3", thing("a"), "t/#", thing("b")},
                                 {"4", thing("a"), "t/#", thing("b")},  // 3 again
                                 {"5", thing("a"), "u", thing("b")}});
    std::vector<routing_table::way> ways;
    table->match(device_a, "t/x", ways);
    std::vector<std::string> found;
    for (const auto& way : ways) {
        found.push_back(table->entries()[way.entry].id + " to " + way.target->name);
    }
    EXPECT_THAT(found, ElementsAre("1 to b", "3 to b", "2 to c"));
}

TEST(parse_endpoint, knows_every_kind_of_source_and_target) {
    EXPECT_EQ(*parse_endpoint("cloud"), cloud);
    EXPECT_EQ(*parse_endpoint(thing("a")), device_a);
    EXPECT_EQ(*parse_endpoint(counter), (endpoint{endpoint_kind::function, counter}));
    const std::string connector = "arn:aws:greengrass:us-east-1::/connectors/ServiceNow/versions/1";
    EXPECT_EQ(*parse_endpoint(connector), (endpoint{endpoint_kind::connector, connector}));
    const endpoint shadow{endpoint_kind::shadow_service, ""};
    EXPECT_EQ(*parse_endpoint("GGShadowService"), shadow);
    EXPECT_EQ(*parse_endpoint("arn:aws:lambda:::function:GGShadowService"), shadow);
    EXPECT_EQ(*parse_endpoint("arn:aws:lambda:::function:GGShadowService:1"), shadow);
}

TEST(parse_endpoint, says_what_is_wrong_with_anything_else) {
    for (const auto* text : {"", "Cloud", "arn:aws:s3:::bucket", "arn:aws:iot:r:1:thing/"}) {
        const auto parsed = parse_endpoint(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error().message(), HasSubstr("neither the ARN"));
    }
    const auto unversioned = parse_endpoint("arn:aws:lambda:us-east-1:123456789012:function:f");
    ASSERT_FALSE(unversioned);
    EXPECT_THAT(unversioned.error().message(), HasSubstr("names no version"));
}

TEST(routing_table, an_empty_table_routes_nothing) {
    const routing_table table;
    EXPECT_THAT(names(table, device_a, "t"), IsEmpty());
    EXPECT_FALSE(table.may_publish(device_a, "t"));
    EXPECT_FALSE(table.may_receive(device_a, "#"));
    EXPECT_EQ(table.size(), 0U);
}

TEST(routing_table, routes_by_source_subject_and_direction) {
    const auto table = table_of({{"1", thing("a"), "t", thing("b")},
                                 {"2", thing("a"), "t", counter},
                                 {"3", counter, "t", "cloud"}});
    EXPECT_THAT(names(*table, device_a, "t"), ElementsAre("b", counter));
    EXPECT_THAT(names(*table, {endpoint_kind::device, "b"}, "t"), IsEmpty());
    EXPECT_THAT(names(*table, {endpoint_kind::function, counter}, "t"), ElementsAre(""));
    // The kind is part of the identity: a function called like a thing is someone else.
    EXPECT_THAT(names(*table, {endpoint_kind::function, "a"}, "t"), IsEmpty());
}

TEST(routing_table, plus_matches_exactly_one_level) {
    const auto table = table_of({{"1", thing("a"), "x/+/z", thing("b")}});
    EXPECT_THAT(names(*table, device_a, "x/y/z"), ElementsAre("b"));
    EXPECT_THAT(names(*table, device_a, "x//z"), ElementsAre("b"));
    EXPECT_THAT(names(*table, device_a, "x/z"), IsEmpty());
    EXPECT_THAT(names(*table, device_a, "x/y/y/z"), IsEmpty());
}

TEST(routing_table, hash_matches_the_parent_level_and_all_below) {
    const auto table = table_of({{"1", thing("a"), "x/#", thing("b")}});
    EXPECT_THAT(names(*table, device_a, "x"), ElementsAre("b"));
    EXPECT_THAT(names(*table, device_a, "x/"), ElementsAre("b"));
    EXPECT_THAT(names(*table, device_a, "x/y/z"), ElementsAre("b"));
    EXPECT_THAT(names(*table, device_a, "xy"), IsEmpty());
}

TEST(routing_table, leading_wildcards_leave_reserved_topics_alone) {
    const auto table = table_of({{"1", thing("a"), "#", thing("b")},
                                 {"2", thing("a"), "+/things", thing("c")},
                                 {"3", thing("a"), "$aws/+", thing("d")}});
    EXPECT_THAT(names(*table, device_a, "$aws/things"), ElementsAre("d"));
    EXPECT_THAT(names(*table, device_a, "my/things"), ElementsAre("b", "c"));
}

TEST(routing_table, names_each_target_once_and_in_order_of_the_table) {
    const auto table = table_of({{"1", thing("a"), "#", thing("z")},
                                 {"2", thing("a"), "x/y", thing("m")},
                                 {"3", thing("a"), "x/+", thing("z")},
                                 {"4", thing("a"), "x/+", thing("z")},
                                 {"5", thing("a"), "x/y", thing("b")}});
    EXPECT_THAT(names(*table, device_a, "x/y"), ElementsAre("z", "m", "b"));
    EXPECT_EQ(table->size(), 5U);
}

TEST(routing_table, match_appends_to_what_is_there) {
    const auto table =
        table_of({{"1", thing("a"), "#", thing("b")}, {"2", thing("a"), "t", thing("b")}});
    std::vector<const endpoint*> found{&device_a};
    table->match(device_a, "t", found);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0], &device_a);
}

TEST(routing_table, may_receive_asks_for_a_common_topic) {
    const auto table = table_of({{"1", counter, "alarm/+/high", thing("a")}});
    EXPECT_TRUE(table->may_receive(device_a, "alarm/#"));
    EXPECT_TRUE(table->may_receive(device_a, "+/pump/high"));
    EXPECT_FALSE(table->may_receive(device_a, "alarm/pump/low"));
    EXPECT_FALSE(table->may_receive({endpoint_kind::device, "b"}, "alarm/#"));
}

TEST(routing_table, lists_the_subjects_of_a_kind_of_source_once) {
    const auto table = table_of({{"1", "cloud", "c/#", thing("a")},
                                 {"2", "cloud", "b", thing("a")},
                                 {"3", "cloud", "c/#", counter},
                                 {"4", counter, "f", thing("a")}});
    EXPECT_THAT(table->subjects_from(endpoint_kind::cloud), ElementsAre("c/#", "b"));
}

TEST(routing_table, build_names_the_subscription_and_the_member_at_fault) {
    const auto message = [](contract::subscription s) {
        return routing_table::build({s}).error().message();
    };
    EXPECT_THAT(message({"s1", "clowd", "t", "cloud"}), HasSubstr("subscription 's1': its source"));
    EXPECT_THAT(message({"s1", "cloud", "t", ""}), HasSubstr("its target"));
    EXPECT_THAT(message({"s1", "cloud", "a/#/b", thing("a")}), HasSubstr("its subject 'a/#/b'"));
    EXPECT_THAT(message({"s1", "cloud", std::string(128, '/') + "#", thing("a")}),
                HasSubstr("129 levels"));
}

TEST(routing_table, survives_65400_slashes_and_the_deepest_subject) {
    std::string plus = "+";
    while (plus.size() < 2 * max_subject_levels - 1) {
        plus += "/+";
    }
    std::string literal(max_subject_levels - 1, '/');
    const auto table = table_of({{"1", thing("a"), plus, thing("b")},
                                 {"2", thing("a"), literal.substr(1) + "+", thing("c")},
                                 {"3", thing("a"), "#", thing("d")}});
    EXPECT_THAT(names(*table, device_a, std::string(65'400, '/')), ElementsAre("d"));
    EXPECT_THAT(names(*table, device_a, literal), ElementsAre("b", "d"));
}

// Few different levels, so that filters and topics meet often.
class filter_maker {
public:
    std::string topic() { return join({"a", "b", "", "$x"}); }

    std::string filter() {
        auto text = join({"a", "b", "", "+", "$x"});
        return pick(4) == 0 ? (pick(8) == 0 ? "#" : text + "/#") : text;
    }
    std::size_t pick(std::size_t n) { return random_() % n; }

private:
    std::string join(std::vector<std::string> levels) {
        std::string text;
        do {
            text = levels[pick(levels.size())];
            for (auto more = pick(4); more > 0; --more) {
                text += "/" + levels[pick(levels.size())];
            }
        } while (text.empty());
        return text;
    }

    std::mt19937 random_{20'261'007};
};

TEST(routing_table, agrees_with_topic_matches_on_random_tables) {
    filter_maker make;
    for (int round = 0; round < 200; ++round) {
        std::vector<contract::subscription> subscriptions;
        for (auto n = make.pick(40); n > 0; --n) {
            subscriptions.push_back({std::to_string(n), thing("s" + std::to_string(make.pick(3))),
                                     make.filter(), thing("t" + std::to_string(make.pick(5)))});
        }
        const auto table = table_of(subscriptions);
        for (int i = 0; i < 50; ++i) {
            const auto source = "s" + std::to_string(make.pick(3));
            const auto topic = make.topic();
            std::set<std::string> expected;
            for (const auto& s : subscriptions) {
                if (s.source == thing(source) && mqtt::topic_matches(s.subject, topic)) {
                    expected.insert(s.target.substr(s.target.find('/') + 1));
                }
            }
            const auto got = names(*table, {endpoint_kind::device, source}, topic);
            EXPECT_EQ(std::set<std::string>(got.begin(), got.end()), expected) << topic;
            EXPECT_EQ(got.size(), expected.size()) << topic;
            EXPECT_EQ(table->may_publish({endpoint_kind::device, source}, topic),
                      !expected.empty());
        }
    }
}

TEST(filters_overlap, is_true_whenever_a_topic_matches_both) {
    filter_maker make;
    int common = 0;
    for (int i = 0; i < 50'000; ++i) {
        const auto a = make.filter();
        const auto b = make.filter();
        const auto topic = make.topic();
        if (mqtt::topic_matches(a, topic) && mqtt::topic_matches(b, topic)) {
            ++common;
            EXPECT_TRUE(filters_overlap(a, b)) << a << " " << b << " " << topic;
        }
        EXPECT_EQ(filters_overlap(a, b), filters_overlap(b, a)) << a << " " << b;
    }
    EXPECT_GT(common, 200);
}

TEST(filters_overlap, is_false_when_no_topic_can_match_both) {
    EXPECT_FALSE(filters_overlap("a/+", "a"));
    EXPECT_FALSE(filters_overlap("a/+", "b/#"));
    EXPECT_FALSE(filters_overlap("+/a", "+/b"));
    EXPECT_FALSE(filters_overlap("#", "$aws/things"));
    EXPECT_FALSE(filters_overlap("$aws/x", "+/x"));
    EXPECT_TRUE(filters_overlap("a/#", "a"));
    EXPECT_TRUE(filters_overlap("a/+/c", "a/b/#"));
    EXPECT_TRUE(filters_overlap("$aws/#", "$aws/+"));
}

}  // namespace
}  // namespace evergrass::edge
