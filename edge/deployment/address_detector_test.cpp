#include "edge/deployment/address_detector.hpp"

#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

TEST(address_detector, works_where_the_group_has_v1s_system_function) {
    contract::manifest group;
    EXPECT_FALSE(detects_addresses(group));
    contract::function f;
    f.arn = "arn:aws:lambda:us-east-1:123456789012:function:GGIPDetector:1";
    group.functions = {f};
    EXPECT_FALSE(detects_addresses(group)) << "somebody's own function of that name";
    for (const auto* arn :
         {"arn:aws:lambda:::function:GGIPDetector:1", "arn:aws:lambda:::function:GGIPDetector"}) {
        group.functions.front().arn = arn;
        EXPECT_TRUE(detects_addresses(group)) << arn;
    }
}

TEST(address_detector, entries_are_named_as_v1_named_them) {
    const auto entries = detected_entries({"192.0.2.7", "2001:db8::7"}, 8883);
    EXPECT_EQ(json::serialize(entries),
              R"([{"Id":"AUTOIP_192.0.2.7_0","HostAddress":"192.0.2.7","PortNumber":8883,)"
              R"("Metadata":""},{"Id":"AUTOIP_2001:db8::7_1","HostAddress":"2001:db8::7",)"
              R"("PortNumber":8883,"Metadata":""}])");
}

TEST(address_detector, no_more_than_ten_are_told) {
    EXPECT_EQ(detected_entries(std::vector<std::string>(30, "192.0.2.7"), 8883).size(), 10U);
}

TEST(address_detector, a_server_that_listens_on_one_address_has_that_alone) {
    EXPECT_EQ(device_addresses("127.0.0.9"), std::vector<std::string>{"127.0.0.9"});
}

TEST(address_detector, a_server_of_ipv4_alone_is_not_told_by_ipv6) {
    for (const auto& address : device_addresses("0.0.0.0")) {
        EXPECT_EQ(address.find(':'), std::string::npos) << address;
    }
}

TEST(address_detector, loopback_is_nothing_for_devices) {
    for (const auto& address : device_addresses("::")) {
        EXPECT_FALSE(address.starts_with("127.")) << address;
        EXPECT_NE(address, "::1");
        EXPECT_FALSE(address.starts_with("fe80")) << address;
    }
}

}  // namespace
}  // namespace evergrass::edge
