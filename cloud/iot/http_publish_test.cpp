#include "cloud/iot/http_publish.hpp"

#include "cloud/iot/topic_rules.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/mqtt/property.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace evergrass::cloud {
namespace {

const wall_time now = *parse_basic_iso8601("20261123T193000Z");

http_publish asked(const std::function<void(http_publish&)>& change = [](auto&) {}) {
    http_publish wanted;
    wanted.topic = "a/b";
    wanted.payload = "1";
    change(wanted);
    return wanted;
}

std::string why_not(const std::function<void(http_publish&)>& change) {
    const auto made = make_message(asked(change), now);
    return made ? "" : made.error().context;
}

TEST(http_publish, a_plain_message_has_no_properties) {
    const auto made = make_message(asked(), now);
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->topic, "a/b");
    EXPECT_EQ(*(*made)->payload, "1");
    EXPECT_EQ((*made)->level, mqtt::qos::at_most_once);
    EXPECT_FALSE((*made)->retain);
    EXPECT_EQ((*made)->properties, "");
    EXPECT_FALSE((*made)->expires_at);
}

TEST(http_publish, all_of_mqtt_5_is_passed_on) {
    const auto made = make_message(asked([](auto& wanted) {
                                       wanted.level = 1;
                                       wanted.retain = true;
                                       wanted.payload_format_indicator = "UTF8_DATA";
                                       wanted.content_type = "text/plain";
                                       wanted.response_topic = "answers/1";
                                       wanted.correlation_data = base64_encode("\x01\x02");
                                       wanted.user_properties = R"([{"k":"v"},{"k":"w"}])";
                                       wanted.message_expiry = 60;
                                   }),
                                   now);
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->level, mqtt::qos::at_least_once);
    EXPECT_TRUE((*made)->retain);
    EXPECT_EQ((*made)->expires_at, now + std::chrono::seconds(60));
    std::string said;
    mqtt::property_reader reader((*made)->properties);
    while (const auto one = reader.next()) {
        said += std::to_string(static_cast<int>(one->id)) + ":" + std::to_string(one->number) +
                std::string(one->text) + "=" + std::string(one->value) + " ";
    }
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(said, "1:1= 3:0text/plain= 8:0answers/1= 9:0\x01\x02= 38:0k=v 38:0k=w ");
}

TEST(http_publish, user_properties_may_be_encoded_once_more) {
    EXPECT_EQ(why_not([](auto& wanted) { wanted.user_properties = R"("[{\"k\":\"v\"}]")"; }), "");
}

TEST(http_publish, what_cannot_be_published_is_refused_with_the_reason) {
    using change = std::function<void(http_publish&)>;
    const std::vector<std::pair<change, std::string>> wrong = {
        {[](auto& w) { w.topic = ""; }, "Invalid topic"},
        {[](auto& w) { w.topic = "a/+"; }, "Invalid topic"},
        {[](auto& w) { w.topic = "$aws/x"; }, "reserved"},
        {[](auto& w) { w.topic = "$aws/things/T/shadow/get/accepted"; }, "reserved"},
        {[](auto& w) {
             w.topic = "$aws/things/T/shadow/get";
             w.retain = true;
         },
         "retained"},
        {[](auto& w) { w.level = 2; }, "qos"},
        {[](auto& w) { w.level = -1; }, "qos"},
        {[](auto& w) { w.payload_format_indicator = "TEXT"; }, "payloadFormatIndicator"},
        {[](auto& w) { w.content_type = "\xff"; }, "contentType"},
        {[](auto& w) { w.content_type = std::string(65'536, 'x'); }, "contentType"},
        {[](auto& w) { w.response_topic = "a/#"; }, "responseTopic"},
        {[](auto& w) { w.correlation_data = "%"; }, "correlationData"},
        {[](auto& w) { w.user_properties = "{"; }, "userProperties"},
        {[](auto& w) { w.user_properties = R"({"k":"v"})"; }, "userProperties"},
        {[](auto& w) { w.user_properties = R"([{"k":1}])"; }, "userProperties"},
        {[](auto& w) { w.user_properties = R"([{"k":"a","l":"b"}])"; }, "userProperties"},
        {[](auto& w) { w.user_properties = R"([{"k":"\u0000"}])"; }, "user property"},
        {[](auto& w) { w.user_properties = R"([{"k":")" + std::string(9'000, 'x') + R"("}])"; },
         "8 KB"},
        {[](auto& w) { w.message_expiry = 0; }, "messageExpiry"},
        {[](auto& w) { w.message_expiry = 0x1'0000'0000; }, "messageExpiry"},
    };
    for (const auto& [change, word] : wrong) {
        EXPECT_NE(why_not(change).find(word), std::string::npos) << word << ": " << why_not(change);
    }
}

TEST(http_publish, a_payload_over_128_kilobytes_is_too_large) {
    const auto sized = [](std::size_t bytes) {
        return make_message(asked([&](auto& wanted) { wanted.payload.assign(bytes, 'x'); }), now);
    };
    EXPECT_TRUE(sized(max_payload_bytes));
    EXPECT_EQ(sized(max_payload_bytes + 1).error().code, errc::too_large);
}

}  // namespace
}  // namespace evergrass::cloud
