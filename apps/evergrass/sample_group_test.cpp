#include "apps/evergrass/sample_group.hpp"

#include "apps/evergrass/sample_code.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

up_state made() {
    up_state s;
    s.core.arn = "arn:core";
    s.sensor.arn = "arn:sensor";
    s.display.arn = "arn:display";
    s.function_arn = "arn:function:sample";
    return s;
}

TEST(sample_group, its_function_is_the_file_of_the_examples) {
    EXPECT_THAT(sample::function_zip().value(), HasSubstr("sensor_average.py"));
}

TEST(sample_group, publishes_where_the_wiring_listens) {
    EXPECT_THAT(std::string(sample::function_source()), HasSubstr(sample::cloud_topic));
    const auto wiring = json::serialize(sample::subscriptions(made()));
    EXPECT_THAT(wiring, HasSubstr(R"("Source":"arn:function:sample","Subject":")" +
                                  std::string(sample::cloud_topic)));
    EXPECT_THAT(wiring, HasSubstr(R"("Target":"cloud")"));
}

TEST(sample_group, a_changed_package_changes_the_digest) {
    EXPECT_EQ(sample::digest("zip", {}), sample::digest("zip", {}));
    EXPECT_NE(sample::digest("zip", {}), sample::digest("zap", {}));
    EXPECT_NE(sample::digest("zip", {}), sample::digest("zip", {.isolates = true}));
}

TEST(sample_group, function_is_root_only_where_nothing_else_can_be_had) {
    const auto execution = [](const sample::function_host& host) {
        const auto f = sample::functions({}, host).at("Functions").at(0);
        return json::serialize(f.at("FunctionConfiguration").at("Environment").at("Execution"));
    };
    EXPECT_EQ(execution({.isolates = true, .core_is_root = true}),
              R"({"IsolationMode":"GreengrassContainer","RunAs":{"Uid":65534,"Gid":65534}})");
    EXPECT_EQ(execution({.isolates = true, .core_is_root = true, .has_default_user = true}),
              R"({"IsolationMode":"GreengrassContainer"})");
    EXPECT_EQ(execution({.core_is_root = true}),
              R"({"IsolationMode":"NoContainer","RunAs":{"Uid":0,"Gid":0}})");
    EXPECT_EQ(execution({}), R"({"IsolationMode":"NoContainer"})");
}

TEST(sample_group, devices_may_discover_and_nothing_else) {
    const auto policy = sample::device_policy("eu-west-1", "111122223333");
    EXPECT_THAT(policy,
                HasSubstr("arn:aws:iot:eu-west-1:111122223333:thing/EvergrassSample_Sensor"));
    EXPECT_THAT(policy, Not(HasSubstr("iot:Publish")));
}

}  // namespace
}  // namespace evergrass::cli
