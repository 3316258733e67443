#include "apps/evergrass/ports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

TEST(port_plan, without_options_it_is_loopback_the_documented_block_and_the_ipc_port_of_v1) {
    const auto plan = plan_ports({}).value();
    EXPECT_EQ(plan.address, "127.0.0.1");
    EXPECT_EQ(plan.api, 9440);
    EXPECT_EQ(plan.core_mqtt, 9444);
    EXPECT_EQ(plan.ipc, 8000);
}

TEST(port_plan, an_address_alone_takes_the_ports_of_aws) {
    up_options options;
    options.address = "127.0.0.7";
    const auto plan = plan_ports(options).value();
    EXPECT_EQ(plan.address, "127.0.0.7");
    EXPECT_EQ(plan.api, 443);
    EXPECT_EQ(plan.iot_mqtt, 8883);
    EXPECT_EQ(plan.iot_https, 8443);
    EXPECT_NE(plan.core_mqtt, 8883);
}

TEST(port_plan, a_base_gives_six_ports_in_a_row) {
    up_options options;
    options.port_base = 20'000;
    const auto plan = plan_ports(options).value();
    EXPECT_EQ(plan.api, 20'000);
    EXPECT_EQ(plan.ipc, 20'005);
}

TEST(port_plan, base_zero_leaves_every_choice_to_whoever_listens) {
    up_options options;
    options.port_base = 0;
    const auto plan = plan_ports(options).value();
    EXPECT_EQ(plan.address, "127.0.0.1");
    EXPECT_EQ(plan.api, 0);
    EXPECT_EQ(plan.iot_mqtt, 0);
    EXPECT_EQ(plan.core_mqtt, 0);
    EXPECT_EQ(plan.ipc, 0);
}

TEST(port_plan, a_base_without_room_for_the_block_is_refused_with_the_range) {
    for (const std::uint16_t base : {1, 1023, 65'531, 65'535}) {
        up_options options;
        options.port_base = base;
        const auto plan = plan_ports(options);
        ASSERT_FALSE(plan) << base;
        EXPECT_THAT(plan.error().context, testing::HasSubstr("1024 to 65530"));
    }
}

TEST(port_plan, addresses_that_no_certificate_can_name_are_refused) {
    for (const char* address : {"0.0.0.0", "::", "localhost", ""}) {
        up_options options;
        options.address = address;
        EXPECT_FALSE(plan_ports(options)) << address;
    }
}

}  // namespace
}  // namespace evergrass::cli
