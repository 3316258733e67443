#include "apps/evergrass/shadow.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::HasSubstr;

TEST(shadow_update, is_made_of_its_sections) {
    shadow_options options;
    options.desired = R"({"on": true, "old": null})";
    options.reported = "null";
    EXPECT_EQ(*update_payload(options),
              R"({"state":{"desired":{"on":true,"old":null},"reported":null}})");
    options.reported.reset();
    EXPECT_EQ(*update_payload(options), R"({"state":{"desired":{"on":true,"old":null}}})");
}

TEST(shadow_update, may_be_given_whole) {
    shadow_options options;
    options.payload = R"({"state": {}, "version": 3})";
    EXPECT_EQ(*update_payload(options), *options.payload);
}

TEST(shadow_update, that_is_wrong_is_refused_with_the_option) {
    shadow_options options;
    EXPECT_THAT(update_payload(options).error().message(), HasSubstr("--desired or --reported"));
    for (const auto* bad : {"7", "[", "@/nowhere"}) {
        options.reported = bad;
        EXPECT_THAT(update_payload(options).error().message(), HasSubstr("--reported")) << bad;
    }
}

}  // namespace
}  // namespace evergrass::cli
