#include "edge/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using testing::HasSubstr;

// A config.json with these members at its top.
result<core_config> with(const std::string& members) {
    return parse_config(R"({"coreThing":{"caPath":"a","certPath":"b","keyPath":"c",
        "thingArn":"arn:aws:iot:us-east-1:123456789012:thing/C","iotHost":"h","ggHost":"h"})" +
                            (members.empty() ? "" : "," + members) + "}",
                        "/greengrass");
}

TEST(mqtt_settings, are_v1s_limits_unless_they_are_given) {
    const auto config = with("");
    ASSERT_TRUE(config) << config.error().message();
    const auto& mqtt = config->mqtt;
    EXPECT_EQ(mqtt.limits.behaviour, mqtt::profile::full);
    EXPECT_EQ(mqtt.message_bytes, 131'072U);
    EXPECT_EQ(mqtt.limits.max_topic_bytes, 256U);
    EXPECT_EQ(mqtt.limits.max_packet_bytes, mqtt::server_options{}.max_packet_bytes);
    EXPECT_EQ(mqtt.limits.max_connections, 2'500U);
    EXPECT_EQ(mqtt.threads, 0U);
    EXPECT_EQ(mqtt.oldest_tls, rt::tls_version::tls_1_2);
    EXPECT_EQ(mqtt.cipher_suites, "");
}

TEST(mqtt_settings, are_read_each_from_its_member) {
    const auto config = with(R"("mqttProfile":"v1","mqttThreads":3,
        "mqttLimits":{"messageBytes":1000,"topicBytes":100,"inFlightMessages":7,"queueBytes":5000,
          "connections":9,"connectsPerSecond":10,"sessionExpirySeconds":11,"retainedMessages":12,
          "retainedBytes":13,"filters":14},
        "mqttTls":{"minimumVersion":"1.0","cipherSuites":["AES128-SHA","AES256-SHA"]})");
    ASSERT_TRUE(config) << config.error().message();
    const auto& mqtt = config->mqtt;
    EXPECT_EQ(mqtt.limits.behaviour, mqtt::profile::v1);
    EXPECT_EQ(mqtt.threads, 3U);
    EXPECT_EQ(mqtt.message_bytes, 1'000U);
    EXPECT_EQ(mqtt.limits.max_topic_bytes, 100U);
    EXPECT_GE(mqtt.limits.max_packet_bytes, 1'100U);
    EXPECT_EQ(mqtt.limits.receive_maximum, 7U);
    EXPECT_EQ(mqtt.limits.max_inflight, 7U);
    EXPECT_EQ(mqtt.limits.max_queued_bytes, 5'000U);
    EXPECT_EQ(mqtt.limits.max_connections, 9U);
    EXPECT_EQ(mqtt.limits.max_sessions, 18U);
    EXPECT_EQ(mqtt.limits.connects_per_second, 10U);
    EXPECT_EQ(mqtt.limits.max_session_expiry, 11U);
    EXPECT_EQ(mqtt.limits.max_retained, 12U);
    EXPECT_EQ(mqtt.limits.max_retained_bytes, 13U);
    EXPECT_EQ(mqtt.limits.max_filters, 14U);
    EXPECT_EQ(mqtt.oldest_tls, rt::tls_version::tls_1_0);
    EXPECT_EQ(mqtt.cipher_suites, "AES128-SHA:AES256-SHA");
    EXPECT_TRUE(config->without_effect.empty());
}

TEST(mqtt_settings, a_typo_is_noted_with_the_name_that_was_meant) {
    const auto config = with(R"("mqttLimits":{"topicByte":1})");
    ASSERT_TRUE(config);
    EXPECT_THAT(config->without_effect,
                testing::ElementsAre("mqttLimits.topicByte (did you mean 'topicBytes'?)"));
}

struct fault {
    const char* members;
    const char* says;
};

class mqtt_setting_faults : public testing::TestWithParam<fault> {};

TEST_P(mqtt_setting_faults, name_the_member_and_what_is_allowed) {
    const auto config = with(GetParam().members);
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    each, mqtt_setting_faults,
    testing::Values(
        fault{R"("mqttProfile":"v2")", "'mqttProfile' is 'v2'; allowed is \"full\""},
        fault{R"("mqttThreads":65)", "'mqttThreads' is 65; allowed is 0 to 64"},
        fault{R"("mqttThreads":"2")", "'mqttThreads' is not a whole number"},
        fault{R"("mqttLimits":[])", "'mqttLimits' is not an object"},
        fault{R"("mqttLimits":{"topicBytes":65536})", "'mqttLimits.topicBytes' is 65536; allowed"},
        fault{R"("mqttLimits":{"connections":0})", "'mqttLimits.connections' is 0; allowed is 1"},
        fault{R"("mqttLimits":{"messageBytes":5000000})",
              "'mqttLimits.queueBytes' is 4194304, in which"},
        fault{R"("mqttTls":{"minimumVersion":1.2})", "'mqttTls.minimumVersion' is not a string"},
        fault{R"("mqttTls":{"minimumVersion":"ssl3"})", "'mqttTls.minimumVersion' is 'ssl3'"},
        fault{R"("mqttTls":{"cipherSuites":["A:B"]})", "'mqttTls.cipherSuites' is not a list"}));

}  // namespace
}  // namespace evergrass::edge
