#include "edge/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

result<core_config> with(const std::string& core_thing, const std::string& top = "",
                         const std::string& iot_host = "iot.example") {
    return parse_config(R"({"coreThing":{"caPath":"r","certPath":"c","keyPath":"k",)"
                        R"("thingArn":"arn:aws:iot:us-east-1:123456789012:thing/C","iotHost":")" +
                            iot_host + R"(","ggHost":"h")" + core_thing + "}" + top + "}",
                        "/greengrass");
}

TEST(network_proxy, is_optional) {
    EXPECT_FALSE(with("").value().proxy);
    EXPECT_FALSE(with(R"(,"networkProxy":{"noProxyAddresses":"a"})").value().proxy);
    EXPECT_FALSE(with(R"(,"networkProxy":null)").value().proxy);
}

TEST(network_proxy, has_a_url_and_those_whom_it_does_not_serve) {
    const auto proxy = with(R"(,"networkProxy":{"noProxyAddresses":"a.example, 10.0.0.0/8,, *.b",
        "proxy":{"url":"http://proxy:3128","username":"user","password":"p@ss:w"}})")
                           .value()
                           .proxy.value();
    EXPECT_EQ(proxy.name(), "http://proxy:3128");
    EXPECT_EQ(proxy.user_name, "user");
    EXPECT_EQ(proxy.password, "p@ss:w");
    EXPECT_THAT(proxy.direct, ElementsAre("a.example", "10.0.0.0/8", "*.b"));
}

TEST(network_proxy, the_urls_own_user_wins) {
    const auto proxy = with(R"(,"networkProxy":{"proxy":{"url":"https://me:mine@proxy",
        "username":"user","password":"password"}})")
                           .value()
                           .proxy.value();
    EXPECT_EQ(proxy.user_name, "me");
    EXPECT_EQ(proxy.password, "mine");
    EXPECT_EQ(proxy.port, 443);
}

TEST(network_proxy, what_is_wrong_is_named_and_the_password_is_not) {
    for (const auto& [member, says] :
         {std::pair(R"("proxy":{"url":"socks5://u:secret@p"})", "networkProxy.proxy.url"),
          std::pair(R"("proxy":{"url":"http://u:secret@p:99999"})", "networkProxy.proxy.url"),
          std::pair(R"("proxy":{"url":"http://u:secret@p/x"})", "networkProxy.proxy.url"),
          std::pair(R"("proxy":{"password":"secret"})", "networkProxy.proxy.url"),
          std::pair(R"("proxy":{"url":7})", "networkProxy.proxy.url"),
          std::pair(R"("proxy":{"url":"http://p","password":"secret"})",
                    "networkProxy.proxy.username"),
          std::pair(R"("proxy":{"url":"http://p","username":"a:b","password":"secret"})",
                    "networkProxy.proxy.username"),
          std::pair(R"("proxy":{"url":"http://p","username":"u","password":["secret"]})",
                    "networkProxy.proxy.password"),
          std::pair(R"("proxy":"http://u:secret@p")", "networkProxy.proxy"),
          std::pair(R"("noProxyAddresses":["a"])", "networkProxy.noProxyAddresses"),
          std::pair(R"("noProxyAddresses":"a, b/c")", "'b/c'")}) {
        const auto config = with(std::string(R"(,"networkProxy":{)") + member + "}");
        ASSERT_FALSE(config) << member;
        EXPECT_THAT(config.error().message(), HasSubstr(says)) << member;
        EXPECT_THAT(config.error().message(), Not(HasSubstr("secret"))) << member;
    }
    EXPECT_FALSE(with(R"(,"networkProxy":"http://p")"));
}

TEST(network_proxy, a_misspelt_member_is_not_silent) {
    const auto config = with(R"(,"networkProxy":{"noProxyAdresses":"a",
        "proxy":{"url":"http://p","user":"u"}})");
    EXPECT_THAT(config.value().without_effect,
                ElementsAre("coreThing.networkProxy.noProxyAdresses (did you mean "
                            "'noProxyAddresses'?)",
                            "coreThing.networkProxy.proxy.user"));
}

TEST(cloud_link_settings, aws_takes_fifty_subscriptions_of_a_connection) {
    const std::string aws = "a1b2-ats.iot.us-east-1.amazonaws.com";
    EXPECT_EQ(with("").value().link.subscriptions_per_connection, 10'000U);
    EXPECT_EQ(with("", "", aws).value().link.subscriptions_per_connection, 50U);
    EXPECT_EQ(
        with("", "", "x.iot.cn-north-1.amazonaws.com.cn").value().link.subscriptions_per_connection,
        50U);
    const auto given =
        with("", R"(,"cloudLink":{"subscriptionsPerConnection":100,"certificateCheckSeconds":1})",
             aws)
            .value();
    EXPECT_EQ(given.link.subscriptions_per_connection, 100U);
    EXPECT_EQ(given.link.identity_check, std::chrono::seconds(1));
    for (const auto* wrong :
         {R"({"subscriptionsPerConnection":0})", R"({"subscriptionsPerConnection":10001})",
          R"({"certificateCheckSeconds":0})"}) {
        EXPECT_THAT(with("", std::string(R"(,"cloudLink":)") + wrong).error().message(),
                    HasSubstr("cloudLink."));
    }
    EXPECT_FALSE(with("", R"(,"cloudLink":50)"));
}

}  // namespace
}  // namespace evergrass::edge
