#include "apps/evergrass/invoke.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::HasSubstr;

TEST(invoke, asks_with_any_bytes_and_the_context_as_it_is) {
    invoke_options options;
    options.function = "f";
    options.client_context = R"({"custom": {"subject": "a/b"}})";
    const auto asked = invocation_of(options, std::string("\0\xff", 2));
    ASSERT_TRUE(asked);
    EXPECT_EQ(json::serialize(*asked), R"({"function":"f","payloadBase64":"AP8=","event":false,)"
                                       R"("clientContext":{"custom":{"subject":"a/b"}}})");
}

TEST(invoke, a_context_that_is_no_object_is_refused) {
    invoke_options options;
    for (const char* wrong : {"[]", "{", "\"a\""}) {
        options.client_context = wrong;
        const auto asked = invocation_of(options, "");
        ASSERT_FALSE(asked) << wrong;
        EXPECT_THAT(asked.error().message(), HasSubstr("--client-context"));
    }
}

TEST(invoke, shows_the_log_and_what_became_of_it) {
    EXPECT_EQ(invocation_notes({{"function", "f:1"},
                                {"outcome", "success"},
                                {"log", "[INFO] hello\n"},
                                {"tookMicros", 1234}}),
              "[INFO] hello\nf:1 succeeded in 1.23 ms\n");
    EXPECT_THAT(invocation_notes({{"function", "f:1"}, {"outcome", "handled"}}),
                HasSubstr("f:1 answered with an error in 0.00 ms\n"));
    EXPECT_THAT(invocation_notes({{"function", "f:1"}, {"outcome", "unhandled"}}),
                HasSubstr("ran out of time"));
    EXPECT_EQ(invocation_notes({{"function", "f:1"}, {"outcome", "accepted"}}),
              "f:1 has the event in its queue.\n");
}

}  // namespace
}  // namespace evergrass::cli
