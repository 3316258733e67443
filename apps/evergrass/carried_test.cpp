#include "apps/evergrass/carried.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

carried_by_subscription seen(const std::string& a, const std::string& b) {
    return read_carried(parse_json(R"({"subscriptions": [
        {"subscription": "a", "source": "thing:v", "subject": "t/#", "target": "cloud",
         "messages": )" + a + R"(},
        {"subscription": "b", "source": "cloud", "subject": "u", "target": "thing:v",
         "messages": )" + b + "}]}")
                            ->as_object());
}

TEST(carried, any_is_enough_unless_more_is_asked_for) {
    EXPECT_TRUE(is_enough(seen("3", "0"), {}));
    EXPECT_FALSE(is_enough(seen("0", "0"), {}));
    EXPECT_FALSE(is_enough(seen("3", "0"), {true}));
    EXPECT_TRUE(is_enough(seen("3", "1"), {true}));
}

TEST(carried, a_subscription_may_be_quiet_where_its_owner_says_so) {
    EXPECT_TRUE(is_enough(seen("3", "0"), {true, {"b"}}));
    EXPECT_FALSE(is_enough(seen("0", "3"), {true, {"b"}}));
    EXPECT_FALSE(is_enough(seen("0", "0"), {false, {"a"}}));  // not one of two
}

TEST(carried, a_group_without_subscriptions_has_nothing_to_carry) {
    EXPECT_TRUE(is_enough(read_carried({}), {}));
    EXPECT_TRUE(is_enough(read_carried({}), {true}));
}

TEST(carried, each_quiet_subscription_is_named) {
    const auto text = quiet_text(seen("3", "0"), {true, {"b"}});
    EXPECT_THAT(text, HasSubstr("1 of 2 subscriptions have carried no message:\n"));
    EXPECT_THAT(text, HasSubstr("'b'  cloud --[u]--> thing:v  (may be quiet)"));
    EXPECT_THAT(text, Not(HasSubstr("'a'")));
}

}  // namespace
}  // namespace evergrass::cli
