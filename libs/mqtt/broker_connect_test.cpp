#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::mqtt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class both_versions : public ::testing::TestWithParam<protocol_version> {
protected:
    connect_settings fresh() const { return {GetParam()}; }
    bool is_5() const { return GetParam() == protocol_version::v5; }

    world all;
};
using broker_connect_both = both_versions;
INSTANTIATE_TEST_SUITE_P(, broker_connect_both,
                         ::testing::Values(protocol_version::v3_1_1, protocol_version::v5));

TEST_P(broker_connect_both, a_client_is_told_that_it_is_connected_and_the_policy_too) {
    auto& a = all.client("a");
    EXPECT_EQ(a.connect(fresh()), "CONNACK");
    EXPECT_EQ(all.connections(), 1U);
    EXPECT_EQ(all.sessions(), 1U);
    EXPECT_EQ(a.connection().client_id(), "a");
    a.disconnect();
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "CLOSED"));
    EXPECT_THAT(all.rules.events, ElementsAre("connected a", "goodbye of a"));
    EXPECT_EQ(all.connections(), 0U);
    EXPECT_EQ(all.sessions(), 0U);
}

TEST_P(broker_connect_both, messages_go_from_one_client_to_another) {
    auto& a = all.client("a");
    auto& b = all.client("b");
    a.connect(fresh());
    b.connect(fresh());
    EXPECT_EQ(b.subscribe("t/#", qos::exactly_once), "2");
    for (const auto level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
        a.publish("t/x", "hi", level);
    }
    EXPECT_THAT(b.messages(), ElementsAre("t/x hi", "t/x hi q1", "t/x hi q2"));
    EXPECT_EQ(a.unanswered(), 0U);
}

}  // namespace
}  // namespace evergrass::mqtt::testing
