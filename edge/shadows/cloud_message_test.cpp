#include "edge/shadows/cloud_message.hpp"

#include "libs/shadow/print.hpp"

#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

constexpr auto prefix = "$aws/things/T/shadow/";

std::optional<cloud_message> parsed(const std::string& what, std::string_view payload) {
    return parse_cloud_message(prefix + what, payload);
}

TEST(shadow_cloud_message, of_a_get_has_the_state_without_delta) {
    const auto said = parsed("get/accepted", R"({"state":{"desired":{"a":1},"reported":{"a":2},
        "delta":{"a":1}},"metadata":{},"version":7,"timestamp":1,"clientToken":"t"})");
    ASSERT_TRUE(said);
    EXPECT_EQ(shadow::print(said->state), R"({"desired":{"a":1},"reported":{"a":2}})");
    EXPECT_EQ(said->version, 7);
    EXPECT_EQ(said->token, "t");
}

TEST(shadow_cloud_message, of_an_update_has_its_nulls) {
    const auto said = parsed("update/accepted", R"({"state":{"desired":{"a":null}},"version":2})");
    ASSERT_TRUE(said);
    EXPECT_EQ(shadow::print(said->state), R"({"desired":{"a":null}})");
    EXPECT_FALSE(said->empties);
    EXPECT_TRUE(parsed("update/accepted", R"({"state":null,"version":2})")->empties);
}

TEST(shadow_cloud_message, of_a_delete_may_lack_the_version) {
    EXPECT_EQ(parsed("delete/accepted", R"({"version":3,"timestamp":1})")->version, 3);
    EXPECT_EQ(parsed("delete/accepted", "{}")->version, 0);
}

TEST(shadow_cloud_message, that_refuses_has_code_and_message) {
    const auto said = parsed("update/rejected", R"({"code":409,"message":"Version conflict"})");
    ASSERT_TRUE(said);
    EXPECT_FALSE(said->accepted);
    EXPECT_EQ(said->code, 409);
    EXPECT_EQ(said->message, "Version conflict");
}

TEST(shadow_cloud_message, is_nothing_else) {
    const std::string good = R"({"state":{},"version":1})";
    EXPECT_TRUE(parsed("update/accepted", good));
    for (const auto* topic : {"update/delta", "update/documents", "update", "get/delta", "x/y"}) {
        EXPECT_FALSE(parsed(topic, good)) << topic;
    }
    for (const auto* payload :
         {"", "[]", "{", R"({"state":{}})", R"({"state":{},"version":-1})",
          R"({"state":7,"version":1})", R"({"version":1})", R"({"state":{},"version":"1"})"}) {
        EXPECT_FALSE(parsed("update/accepted", payload)) << payload;
    }
    EXPECT_FALSE(parsed("update/accepted", R"({"state":{"desired":{"a":[1e999]}},"version":1})"));
    EXPECT_FALSE(parsed("get/accepted", R"({"state":null,"version":1})"));
    EXPECT_FALSE(parse_cloud_message("$aws/things/T/jobs/get/accepted", good));
}

}  // namespace
}  // namespace evergrass::edge
