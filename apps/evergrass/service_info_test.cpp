#include "apps/evergrass/service_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

TEST(host_and_port, come_out_of_urls_and_pairs) {
    struct {
        const char* text;
        const char* host;
        int port;
    } const cases[] = {{"127.0.0.1:8883", "127.0.0.1", 8883},
                       {"https://127.0.0.2", "127.0.0.2", 443},
                       {"http://localhost:80/path", "localhost", 80},
                       {"https://[::1]:8443", "::1", 8443},
                       {"[fe80::1]:1", "fe80::1", 1}};
    for (const auto& each : cases) {
        const auto parsed = parse_host_port(each.text);
        ASSERT_TRUE(parsed) << each.text;
        EXPECT_EQ(parsed->host, each.host);
        EXPECT_EQ(parsed->port, each.port);
    }
}

TEST(host_and_port, that_are_incomplete_are_refused) {
    for (const char* text : {"", "host", "host:", "host:0", "host:65536", "host:8x", ":80",
                             "https://", "https://:443", "[::1", "[]:1", "[::1]"}) {
        EXPECT_FALSE(parse_host_port(text)) << text;
    }
}

TEST(service_info, needs_every_address) {
    const std::string text = R"({"api":"https://a","api_http":"http://a","iot_mqtt":"a:1",
        "iot_https":"a:2","discovery":"https://a:2","ca_file":"/ca","pid":7})";
    EXPECT_EQ(parse_service_info(text)->pid, 7);
    EXPECT_THAT(parse_service_info(R"({"api":"https://a"})").error().context,
                HasSubstr("api_http must be a text"));
    EXPECT_FALSE(parse_service_info("[]"));
    EXPECT_FALSE(parse_service_info("{"));
}

TEST(core_info, needs_both_addresses) {
    EXPECT_EQ(parse_core_info(R"({"pid":7,"mqtt":"a:1","ipc":"a:2"})")->mqtt, "a:1");
    EXPECT_THAT(parse_core_info(R"({"pid":7,"mqtt":"","ipc":"a:2"})").error().context,
                HasSubstr("mqtt must be a text"));
}

}  // namespace
}  // namespace evergrass::cli
