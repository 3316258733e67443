#include "edge/admin/local_deploy.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using testing::HasSubstr;

TEST(local_deploy, an_order_names_an_absolute_path) {
    const auto order = read_deploy_order(R"({"bundle": "/tmp/b", "unsigned": true})");
    ASSERT_TRUE(order);
    EXPECT_EQ(order->bundle, "/tmp/b");
    EXPECT_TRUE(order->unsigned_too);
    EXPECT_FALSE(read_deploy_order(R"({"bundle": "/tmp/b"})")->unsigned_too);
    for (const auto* wrong :
         {"", "[]", "{}", R"({"bundle": "b"})", R"({"bundle": 1})", R"({"bundle": "/a\u0000b"})"}) {
        EXPECT_FALSE(read_deploy_order(wrong)) << wrong;
    }
}

TEST(local_deploy, an_undo_names_no_bundle) {
    const auto order = read_deploy_order(R"({"undo": true, "token": "t"})");
    ASSERT_TRUE(order);
    EXPECT_TRUE(order->undo);
    EXPECT_EQ(order->token, "t");
    EXPECT_EQ(order->bundle, "");
    EXPECT_FALSE(read_deploy_order(R"({"undo": true, "bundle": "/tmp/b"})"));
    EXPECT_FALSE(read_deploy_order(R"({"undo": false})"));
}

TEST(local_deploy, a_deployment_that_was_rolled_back_is_an_answer) {
    deploy_reply reply;
    reply.deployment_id = "d";
    reply.message = "f: no";
    reply.details.push_back({"f", "no"});
    const auto answer = deploy_answer(reply);
    EXPECT_EQ(answer.status, 200);
    const auto body = parse_json(answer.body).value().as_object();
    EXPECT_EQ(string_member(body, "status"), "Failure");
    EXPECT_EQ(body.at("errorDetails").at(0).at("part").get_string(), "f");
}

TEST(local_deploy, a_refusal_has_its_status) {
    EXPECT_EQ(deploy_answer(error{errc::denied, "key"}).status, 403);
    EXPECT_EQ(deploy_answer(error{errc::conflict, "older"}).status, 409);
    EXPECT_EQ(deploy_answer(error{errc::unavailable, "busy"}).status, 503);
    const auto corrupt = deploy_answer(error{errc::corrupt, "cut"});
    EXPECT_EQ(corrupt.status, 400);
    EXPECT_THAT(corrupt.body, HasSubstr(R"("message":"cut")"));
}

}  // namespace
}  // namespace evergrass::edge
