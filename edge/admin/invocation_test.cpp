#include "edge/admin/invocation.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::HasSubstr;

TEST(invocation, is_read) {
    const auto asked = read_invocation(
        R"({"function": "f", "payloadBase64": "AP8=", "clientContext": {"custom": {}}, "event": true})");
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->function, "f");
    EXPECT_EQ(asked->payload, std::string("\0\xff", 2));
    EXPECT_EQ(asked->client_context, "eyJjdXN0b20iOnt9fQ==");
    EXPECT_TRUE(asked->event);
}

TEST(invocation, what_is_wrong_is_named) {
    const std::pair<const char*, const char*> wrong[] = {
        {"[]", "send {"},
        {"{", "line 1"},
        {"{}", "function is missing"},
        {R"({"function": ""})", "function is missing"},
        {R"({"function": 1})", "'function'"},
        {R"({"function": "f", "payloadBase64": "?"})", "payloadBase64 is not base64"},
        {R"({"function": "f", "clientContext": "x"})", "'clientContext'"},
        {R"({"function": "f", "payload": "x"})", "'payload' is no member"}};
    for (const auto& [body, says] : wrong) {
        const auto asked = read_invocation(body);
        ASSERT_FALSE(asked) << body;
        EXPECT_THAT(asked.error().message(), HasSubstr(says)) << body;
    }
}

TEST(invocation, is_answered) {
    const auto r = invocation_answer(invocation_reply{"f:1", "id", "handled", "{}", "log\n", 5});
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.body, R"({"function":"f:1","invocationId":"id","outcome":"handled",)"
                      R"("payloadBase64":"e30=","log":"log\n","tookMicros":5})");
    EXPECT_EQ(invocation_answer(error{errc::not_found, "x"}).status, 404);
    EXPECT_EQ(invocation_answer(error{errc::unavailable, "x"}).status, 503);
    EXPECT_EQ(invocation_answer(error{errc::invalid_input, "x"}).status, 400);
}

}  // namespace
}  // namespace evergrass::edge
