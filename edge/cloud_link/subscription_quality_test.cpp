#include "edge/cloud_link/subscription_quality.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

contract::function function(std::string arn, std::string value) {
    contract::function f;
    f.arn = std::move(arn);
    f.variables = {{"OTHER", "x"}, {"GG_CONFIG_SUBSCRIPTION_QUALITY", std::move(value)}};
    return f;
}

TEST(subscription_quality, is_the_spoolers) {
    const std::string spooler = "arn:aws:lambda:::function:GGCloudSpooler";
    const std::string persistent = "AtLeastOncePersistent";
    EXPECT_FALSE(wants_kept_sessions({}).value());
    EXPECT_TRUE(wants_kept_sessions({function(spooler, persistent)}).value());
    EXPECT_TRUE(wants_kept_sessions({function(spooler + ":1", persistent)}).value());
    EXPECT_FALSE(wants_kept_sessions({function(spooler + ":1", "AtMostOnce")}).value());
    EXPECT_FALSE(wants_kept_sessions({function(spooler + ":1", "")}).value());
    EXPECT_FALSE(wants_kept_sessions({function(spooler + "X:1", persistent)}).value());
    const auto wrong = wants_kept_sessions({function(spooler, "atleastonce")});
    EXPECT_EQ(wrong.error().code, errc::invalid_input);
    EXPECT_THAT(wrong.error().message(),
                ::testing::StartsWith("GG_CONFIG_SUBSCRIPTION_QUALITY of GGCloudSpooler is "
                                      "'atleastonce'; allowed is"));
}

}  // namespace
}  // namespace evergrass::edge
