#include "cloud/gateway/authenticate.hpp"

#include "cloud/gateway/gateway_fixture.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class authentication : public gateway_fixture {};

TEST_F(authentication, a_signed_request_names_its_caller) {
    auto asked = signed_request("POST", "/greengrass/groups", "greengrass", R"({"Name":"g"})");
    const auto by = authenticate(*state_, asked, clock_->now());
    ASSERT_TRUE(by) << by.error().message;
    EXPECT_EQ(by->access_key_id, key_.id);
    EXPECT_EQ(by->signing_name, "greengrass");
    EXPECT_EQ(by->region, "us-east-1");
    EXPECT_EQ(asked.body, R"({"Name":"g"})") << "the body is given back";
}

TEST_F(authentication, each_fault_has_the_code_that_aws_gives_it) {
    const auto code = [&](http::request asked) {
        const auto by = authenticate(*state_, asked, clock_->now());
        return by ? "none" : std::to_string(by.error().status) + " " + by.error().code;
    };
    const auto good = signed_request("GET", "/greengrass/groups", "greengrass");
    EXPECT_EQ(code(good), "none");

    EXPECT_EQ(code({"GET", "/", {}, "", "", {}}), "403 MissingAuthenticationTokenException");

    auto garbled = good;
    garbled.headers.set("Authorization", "AWS4-HMAC-SHA256 Credential");
    EXPECT_EQ(code(garbled), "403 IncompleteSignatureException");

    auto changed = good;
    changed.target = "/greengrass/group";
    EXPECT_EQ(code(changed), "403 InvalidSignatureException");

    auto undated = good;
    undated.headers.set("X-Amz-Date", "yesterday");
    EXPECT_EQ(code(undated), "403 IncompleteSignatureException");

    key_.secret[0] = key_.secret[0] == 'a' ? 'b' : 'a';
    EXPECT_EQ(code(signed_request("GET", "/", "greengrass")), "403 InvalidSignatureException");
    key_.id = "AKIA0000000000000000";
    EXPECT_EQ(code(signed_request("GET", "/", "greengrass")), "403 UnrecognizedClientException");
}

TEST_F(authentication, an_old_request_is_told_both_times) {
    auto asked = signed_request("GET", "/greengrass/groups", "greengrass");
    clock_->now_ += std::chrono::hours(1);
    const auto by = authenticate(*state_, asked, clock_->now());
    ASSERT_TRUE(by.has_error());
    EXPECT_EQ(by.error().code, "InvalidSignatureException");
    EXPECT_THAT(by.error().message,
                HasSubstr("Signature expired: 20261123T193000Z is now earlier than 2026"));
}

TEST_F(authentication, keys_look_like_aws_and_are_listed_oldest_first) {
    EXPECT_THAT(key_.id, MatchesRegex("AKIA[A-Z2-7]{16}"));
    EXPECT_THAT(key_.secret, MatchesRegex("[A-Za-z0-9+/]{40}"));
    const auto second = create_access_key(*state_, clock_->now() + std::chrono::seconds(1));
    ASSERT_TRUE(second);
    const auto keys = list_access_keys(*state_);
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 2u);
    EXPECT_EQ(keys->at(0).id, key_.id);
    EXPECT_EQ(keys->at(1).id, second->id);
}

}  // namespace
}  // namespace evergrass::cloud
