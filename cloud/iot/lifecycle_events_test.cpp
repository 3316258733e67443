#include "cloud/iot/lifecycle_events.hpp"

#include "libs/base/json.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud {
namespace {

class client_events : public ::testing::Test {
protected:
    mqtt::client_info client(const std::string& id) {
        mqtt::client_identity who;
        who.remote_address = "[::1]:51234";
        return {id, mqtt::protocol_version::v5, who, events_.begin_connection(id)};
    }

    std::string topic_;
    json::object body_;
    lifecycle_events events_{[this](std::string topic, const std::string& payload) {
        topic_ = std::move(topic);
        body_ = parse_json(payload).value().as_object();
    }};
};

TEST_F(client_events, a_connection_has_an_id_and_a_number) {
    const auto first = client("c");
    events_.connected(first, "cert");
    EXPECT_EQ(topic_, "$aws/events/presence/connected/c");
    EXPECT_EQ(body_.at("eventType"), "connected");
    EXPECT_EQ(body_.at("ipAddress"), "[::1]");
    EXPECT_EQ(body_.at("principalIdentifier"), "cert");
    EXPECT_EQ(body_.at("versionNumber"), 0);
    const auto id = body_.at("sessionIdentifier");
    events_.disconnected(first, "cert", false, "the client closed the connection");
    EXPECT_EQ(topic_, "$aws/events/presence/disconnected/c");
    EXPECT_EQ(body_.at("sessionIdentifier"), id);
    EXPECT_EQ(body_.at("clientInitiatedDisconnect"), false);
    EXPECT_EQ(body_.at("disconnectReason"), "CONNECTION_LOST");
    events_.connected(client("c"), "cert");
    EXPECT_EQ(body_.at("versionNumber"), 1);
    EXPECT_NE(body_.at("sessionIdentifier"), id);
}

TEST_F(client_events, the_end_of_a_connection_is_the_same_whoever_says_it) {
    const auto who = client("c");
    events_.disconnected(who, "cert", false, "Connection reset by peer");
    const auto at = wall_time(std::chrono::milliseconds(body_.at("timestamp").as_int64()));
    const auto said = lifecycle_events::lost(lifecycle_events::connection_of(who, "cert"), at);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->topic, topic_);
    EXPECT_EQ(parse_json(said->payload).value(), json::value(body_));
    EXPECT_FALSE(lifecycle_events::lost({"a+b", "cert", {}}, at));
}

TEST_F(client_events, connections_are_numbered_by_others_where_they_know_better) {
    lifecycle_events several(
        [this](std::string, const std::string& payload) {
            body_ = parse_json(payload).value().as_object();
        },
        [](const std::string& id) { return id == "c" ? 77 : 0; });
    several.connected({"c", mqtt::protocol_version::v5, {}, several.begin_connection("c")}, "cert");
    EXPECT_EQ(body_.at("versionNumber"), 77);
}

TEST_F(client_events, subscriptions_are_told_as_they_were_written) {
    const std::string_view filters[] = {"a/+", "$share/g/b"};
    events_.subscribed(client("c"), "AKIA", filters);
    EXPECT_EQ(topic_, "$aws/events/subscriptions/subscribed/c");
    EXPECT_EQ(body_.at("topics"), json::array({"a/+", "$share/g/b"}));
    events_.unsubscribed(client("c"), "AKIA", filters);
    EXPECT_EQ(topic_, "$aws/events/subscriptions/unsubscribed/c");
}

TEST_F(client_events, nothing_is_said_of_an_id_that_cannot_stand_in_a_topic) {
    for (const auto* id : {"a+b", "#"}) {
        events_.connected(client(id), "cert");
    }
    EXPECT_EQ(topic_, "");
}

TEST_F(client_events, reasons_are_aws_s_words) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"another connection with the same client id took over [MQTT-3.1.4-3]",
         "DUPLICATE_CLIENTID"},
        {"nothing came for one and a half times the keep alive [MQTT-3.1.2-24]",
         "MQTT_KEEP_ALIVE_TIMEOUT"},
        {"the client may not publish this", "AUTH_ERROR"},
        {"its certificate is no longer active", "AUTH_ERROR"},
        {"the server is stopping", "SERVER_INITIATED_DISCONNECT"},
        {"the message could not be stored", "SERVER_ERROR"},
        {"PUBLISH has a QoS above the server's maximum [MQTT-3.2.2-11]", "CLIENT_ERROR"},
        {"Connection reset by peer", "CONNECTION_LOST"},
    };
    for (const auto& [why, reason] : cases) {
        EXPECT_EQ(lifecycle_events::reason_of(false, why), reason) << why;
    }
    EXPECT_EQ(lifecycle_events::reason_of(true, ""), "CLIENT_INITIATED_DISCONNECT");
}

}  // namespace
}  // namespace evergrass::cloud
