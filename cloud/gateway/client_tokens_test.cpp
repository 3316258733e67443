#include "cloud/gateway/client_tokens.hpp"

#include "cloud/gateway/gateway_fixture.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

class client_tokens : public gateway_fixture {
protected:
    api_result create(json::object input, std::string_view operation_name = "CreateGroup") {
        call from;
        from.input = std::move(input);
        return once_per_token(
            *state_, operation_name, from, clock_->now(), [this](const call& made) -> api_result {
                ++runs_;
                auto written = state_->db().run("test.tag", "INSERT INTO tags VALUES(?1, 'k', 'v')",
                                                {std::to_string(runs_)});
                EXPECT_TRUE(written);
                if (made.input.contains("Fail")) {
                    return api_error{400, "BadRequestException", "no"};
                }
                return reply{{{"Id", std::to_string(runs_)}}, 201};
            });
    }
    std::int64_t tags() {
        std::int64_t count = -1;
        EXPECT_TRUE(state_->db().query("test.tags", "SELECT count(*) FROM tags", {},
                                       [&](const db::row& r) { count = r.integer(0); }));
        return count;
    }
    int runs_ = 0;
};

TEST_F(client_tokens, without_a_token_each_call_runs) {
    ASSERT_TRUE(create({{"Name", "g"}}));
    ASSERT_TRUE(create({{"Name", "g"}}));
    EXPECT_EQ(runs_, 2);
}

TEST_F(client_tokens, the_same_token_with_the_same_input_gets_the_same_answer) {
    const auto first = create({{"Name", "g"}, {"AmznClientToken", "t"}});
    const auto again = create({{"AmznClientToken", "t"}, {"Name", "g"}});
    ASSERT_TRUE(first && again);
    EXPECT_EQ(runs_, 1);
    EXPECT_EQ(again->output, first->output);
    EXPECT_EQ(again->status, 201);
    EXPECT_EQ(tags(), 1);
}

TEST_F(client_tokens, the_same_token_with_other_input_is_refused) {
    ASSERT_TRUE(create({{"Name", "g"}, {"AmznClientToken", "t"}}));
    const auto other = create({{"Name", "h"}, {"AmznClientToken", "t"}});
    ASSERT_TRUE(other.has_error());
    EXPECT_EQ(other.error().status, 400);
    EXPECT_EQ(runs_, 1);
}

TEST_F(client_tokens, a_token_that_is_too_long_or_not_visible_ascii_is_refused_by_name) {
    for (const auto& token : {std::string(65, 'a'), std::string("a b"), std::string("\xc3\xa9")}) {
        const auto refused = create({{"Name", "g"}, {"AmznClientToken", token}});
        ASSERT_TRUE(refused.has_error()) << token;
        EXPECT_EQ(refused.error().code, "BadRequestException");
        EXPECT_THAT(refused.error().message, ::testing::HasSubstr("AmznClientToken"));
    }
    EXPECT_TRUE(create({{"Name", "g"}, {"AmznClientToken", std::string(64, 'a')}}));
    EXPECT_EQ(runs_, 1);
}

TEST_F(client_tokens, another_operation_may_use_the_same_token) {
    ASSERT_TRUE(create({{"AmznClientToken", "t"}}));
    ASSERT_TRUE(create({{"AmznClientToken", "t"}}, "CreateDeployment"));
    EXPECT_EQ(runs_, 2);
}

TEST_F(client_tokens, an_error_is_not_kept_and_leaves_nothing_behind) {
    ASSERT_FALSE(create({{"Fail", true}, {"AmznClientToken", "t"}}));
    EXPECT_EQ(tags(), 0);
    ASSERT_TRUE(create({{"AmznClientToken", "t"}}));
    EXPECT_EQ(runs_, 2);
}

TEST_F(client_tokens, a_token_is_forgotten_after_a_day) {
    ASSERT_TRUE(create({{"AmznClientToken", "t"}}));
    clock_->now_ += std::chrono::hours(25);
    ASSERT_TRUE(create({{"AmznClientToken", "t"}}));
    EXPECT_EQ(runs_, 2);
}

}  // namespace
}  // namespace evergrass::cloud
