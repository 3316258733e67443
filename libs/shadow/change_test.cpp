#include "libs/shadow/change.hpp"

#include "libs/shadow/document.hpp"
#include "libs/shadow/parse.hpp"
#include "libs/shadow/print.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace evergrass::shadow {
namespace {

json::object object(std::string_view text) {
    const auto parsed = parse(text, 32);
    EXPECT_TRUE(parsed) << text;
    return parsed ? parsed->get_object() : json::object();
}

std::string change(std::string_view from, std::string_view to) {
    return print(change_between(object(from), object(to)));
}

std::string merged(std::string_view base, std::string_view local, std::string_view remote,
                   winner of_both) {
    return print(merge_changes(object(base), object(local), object(remote), of_both));
}

TEST(shadow_change, has_the_leaves_that_differ_and_no_others) {
    EXPECT_EQ(change(R"({"desired":{"a":1,"o":{"x":1,"y":2}}})",
                     R"({"desired":{"a":1,"o":{"x":1,"y":3}},"reported":{"r":[1]}})"),
              R"({"desired":{"o":{"y":3}},"reported":{"r":[1]}})");
}

TEST(shadow_change, has_null_for_what_is_gone_leaf_by_leaf_in_a_section) {
    EXPECT_EQ(
        change(R"({"desired":{"a":1,"o":{"x":1}},"reported":{"r":1}})", R"({"desired":{"o":{}}})"),
        R"({"desired":{"o":{"x":null},"a":null},"reported":{"r":null}})");
}

TEST(shadow_change, of_equal_numbers_is_empty) {
    EXPECT_EQ(change(R"({"desired":{"a":21,"b":[1.0]}})", R"({"desired":{"a":21.0,"b":[1]}})"),
              "{}");
}

TEST(shadow_merge, takes_from_each_side_what_it_changed) {
    EXPECT_EQ(merged(R"({"a":1,"b":1,"c":1,"d":1})", R"({"a":2,"b":1,"c":1,"l":1})",
                     R"({"a":1,"b":3,"d":1,"r":1})", winner::local),
              R"({"a":2,"b":3,"l":1,"r":1})");
}

TEST(shadow_merge, asks_the_winner_where_both_changed) {
    for (const auto& [of_both, a, x] : {std::tuple(winner::local, "2", R"({"x":2,"y":3})"),
                                        std::tuple(winner::remote, "3", R"({"x":3,"y":3})")}) {
        EXPECT_EQ(merged(R"({"a":1,"o":{"x":1,"y":1}})", R"({"a":2,"o":{"x":2,"y":1}})",
                         R"({"a":3,"o":{"x":3,"y":3}})", of_both),
                  std::string(R"({"a":)") + a + R"(,"o":)" + x + "}");
    }
    EXPECT_EQ(merged(R"({"a":1})", "{}", R"({"a":2})", winner::local), "{}");
    EXPECT_EQ(merged(R"({"a":1})", "{}", R"({"a":2})", winner::remote), R"({"a":2})");
    EXPECT_EQ(merged("{}", R"({"o":{"x":1}})", R"({"o":7})", winner::remote), R"({"o":7})");
}

TEST(shadow_arrived, tells_what_of_a_change_the_other_side_has) {
    EXPECT_EQ(print(arrived(object(R"({"a":1,"o":{"x":1},"gone":1})"),
                            object(R"({"a":2,"o":{"x":2,"y":2},"new":1})"),
                            object(R"({"a":2,"o":{"x":9,"y":2},"other":1})"))),
              R"({"a":2,"o":{"x":1,"y":2}})");
}

// A section of up to four members, some of them objects.
json::object random_section(std::mt19937& random, int depth) {
    json::object made;
    for (auto count = random() % 4; count != 0; --count) {
        const std::string name(1, static_cast<char>('a' + random() % 4));
        switch (random() % 4) {
            case 0:
                made[name] = json::array{1, static_cast<int>(random() % 3)};
                break;
            case 1:
                if (depth != 0) {
                    made[name] = random_section(random, depth - 1);
                    break;
                }
                [[fallthrough]];
            default:
                made[name] = static_cast<int>(random() % 3);
        }
    }
    return made;
}

json::object random_state(std::mt19937& random) {
    json::object made;
    for (const auto* section : {"desired", "reported"}) {
        auto members = random_section(random, 2);
        if (!members.empty()) {
            made[section] = std::move(members);
        }
    }
    return made;
}

TEST(shadow_change, of_any_two_states_makes_the_one_of_the_other) {
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        const auto from = random_state(random);
        const auto to = random_state(random);
        const auto difference = change_between(from, to);
        ASSERT_TRUE(same(with_change(from, difference), to)) << print(from) << print(to);
        ASSERT_EQ(difference.empty(), same(from, to));
        // And so does a document that is updated by it.
        document made;
        update_request update;
        update.state = from;
        made = *apply(made, update, 1);
        update.state = difference;
        made = *apply(made, update, 2);
        ASSERT_TRUE(same(made.state, to)) << print(from) << print(to);
    }
}

TEST(shadow_merge, of_any_three_states_is_the_same_from_either_side) {
    std::mt19937 random(8);
    for (int i = 0; i < 20'000; ++i) {
        const auto base = random_section(random, 2);
        const auto one = random_section(random, 2);
        const auto other = random_section(random, 2);
        const auto here = merge_changes(base, one, other, winner::local);
        ASSERT_TRUE(same(here, merge_changes(base, other, one, winner::remote)));
        ASSERT_TRUE(same(merge_changes(base, base, other, winner::local), other));
        ASSERT_TRUE(same(merge_changes(base, one, base, winner::remote), one));
        ASSERT_TRUE(same(merge_changes(other, here, other, winner::remote), here));
    }
}

}  // namespace
}  // namespace evergrass::shadow
