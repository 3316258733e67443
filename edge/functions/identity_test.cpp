#include "edge/functions/identity.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

namespace evergrass::edge::functions {
namespace {

contract::function with(std::optional<std::int64_t> uid, std::optional<std::int64_t> gid) {
    contract::function f;
    f.arn = "arn:aws:lambda:r:1:function:f:1";
    f.identity = {uid, gid};
    return f;
}

TEST(identity, is_ggc_users_when_nothing_is_asked_for_and_never_roots) {
    const auto resolved = resolve_identity(with({}, {}), false, true);
    if (resolved) {
        EXPECT_NE(resolved->value().uid, 0U);
        EXPECT_NE(resolved->value().gid, 0U);
    } else {
        EXPECT_EQ(resolved.error().code, errc::not_found);
        EXPECT_THAT(resolved.error().message(),
                    testing::AnyOf(testing::HasSubstr("userName: ggc_user"),
                                   testing::HasSubstr("groupName: ggc_group")));
    }
    EXPECT_EQ(resolve_identity(with({}, {}), false, false).value(), std::nullopt);
}

TEST(identity, is_switched_to_only_by_a_core_that_is_root) {
    const auto switched = resolve_identity(with(1001, 1002), false, true).value();
    ASSERT_TRUE(switched);
    EXPECT_EQ(switched->uid, 1001U);
    EXPECT_EQ(switched->gid, 1002U);
    EXPECT_EQ(resolve_identity(with(1001, 1002), false, false).value(), std::nullopt);
}

TEST(identity, of_root_needs_the_configurations_consent) {
    for (const auto& f : {with(0, 5), with(5, 0), with(0, 0)}) {
        const auto refused = resolve_identity(f, false, true);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::denied);
        EXPECT_THAT(refused.error().message(),
                    testing::HasSubstr(
                        "are configured to run as root but Greengrass is not configured to run "
                        "Lambda functions with root permissions"));
        EXPECT_TRUE(resolve_identity(f, true, true));
    }
}

}  // namespace
}  // namespace evergrass::edge::functions
