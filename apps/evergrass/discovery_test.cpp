#include "apps/evergrass/discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

TEST(discovery_answer, gives_every_address_in_order_and_all_cas) {
    const auto core = parse_discovery(R"({"GGGroups":[{"GGGroupId":"g","Cores":[{"thingArn":"arn",
        "Connectivity":[{"Id":"a","HostAddress":"10.0.0.1","PortNumber":8883,"Metadata":""},
                        {"Id":"b","HostAddress":"gateway","PortNumber":9444}]}],
        "CAs":["one\n","two\n"]}]})");
    ASSERT_TRUE(core) << core.error().message();
    EXPECT_EQ(core->thing_arn, "arn");
    ASSERT_EQ(core->addresses.size(), 2u);
    EXPECT_EQ(core->addresses[0].host, "10.0.0.1");
    EXPECT_EQ(core->addresses[1].port, 9444);
    EXPECT_EQ(core->ca_pem, "one\n\ntwo\n\n");
}

TEST(discovery_answer, skips_addresses_that_cannot_be_used) {
    const auto core = parse_discovery(R"({"GGGroups":[{"Cores":[{"Connectivity":[7,
        {"HostAddress":"a"},{"HostAddress":"","PortNumber":1},{"HostAddress":"a","PortNumber":0},
        {"HostAddress":"a","PortNumber":65536},{"HostAddress":"b","PortNumber":1}]}],"CAs":["c"]}]})");
    ASSERT_TRUE(core);
    ASSERT_EQ(core->addresses.size(), 1u);
    EXPECT_EQ(core->addresses[0].host, "b");
}

TEST(discovery_answer, that_lacks_something_says_what) {
    struct {
        const char* text;
        const char* says;
    } const cases[] = {
        {"", "no JSON"},
        {"[]", "no JSON object"},
        {R"({"GGGroups":[]})", "GGGroups"},
        {R"({"GGGroups":[{}]})", "Cores"},
        {R"({"GGGroups":[{"Cores":[{}]}]})", "Connectivity"},
        {R"({"GGGroups":[{"Cores":[{"Connectivity":[{"HostAddress":"a","PortNumber":1}]}]}]})",
         "CAs"},
    };
    for (const auto& each : cases) {
        const auto core = parse_discovery(each.text);
        ASSERT_FALSE(core) << each.text;
        EXPECT_THAT(core.error().context, HasSubstr(each.says));
    }
}

}  // namespace
}  // namespace evergrass::cli
