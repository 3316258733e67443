#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Exactly once (4.3.3), each side's part.
namespace evergrass::mqtt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto v5 = protocol_version::v5;

class broker_qos2 : public ::testing::TestWithParam<protocol_version> {
protected:
    broker_qos2() {
        a.connect(kept(GetParam()));
        a.subscribe("t", qos::exactly_once);
        b.connect(kept(GetParam()));
        a.heard();
        b.heard();
    }
    std::string publish_bytes(std::string_view payload, std::uint16_t id, bool duplicate = false) {
        std::string bytes;
        publish_head head;
        head.topic = "t";
        head.payload_bytes = payload.size();
        head.level = qos::exactly_once;
        head.id = id;
        head.duplicate = duplicate;
        encode_publish_head(bytes, GetParam(), head);
        return bytes.append(payload);
    }
    std::string not_found() const { return GetParam() == v5 ? " packet identifier not found" : ""; }

    world all;
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};
INSTANTIATE_TEST_SUITE_P(, broker_qos2,
                         ::testing::Values(protocol_version::v3_1_1, protocol_version::v5));

TEST_P(broker_qos2, the_same_identifier_is_the_same_message_until_pubrel) {
    b.is_sane = false;
    b.say(publish_bytes("1", 7));
    b.say(publish_bytes("1", 7, true));
    b.say(publish_bytes("other", 7));  // still that one
    EXPECT_THAT(b.heard(), ElementsAre("PUBREC 7", "PUBREC 7", "PUBREC 7"));
    b.ack(packet_type::pubrel, 7);
    b.say(publish_bytes("2", 7));
    EXPECT_THAT(b.heard(), ElementsAre("PUBCOMP 7", "PUBREC 7"));
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q2", "t 2 q2"));
}

TEST_P(broker_qos2, pubrel_of_an_unknown_identifier_is_answered) {
    b.is_sane = false;
    b.ack(packet_type::pubrel, 9);
    EXPECT_THAT(b.heard(), ElementsAre("PUBCOMP 9" + not_found()));
    EXPECT_TRUE(b.connected());
}

TEST_P(broker_qos2, acknowledgements_of_unknown_identifiers_change_nothing) {
    a.acknowledges = false;
    b.publish("t", "1", qos::exactly_once);
    EXPECT_THAT(a.heard(), ElementsAre("PUBLISH t 1 q2"));
    for (const auto type : {packet_type::puback, packet_type::pubcomp}) {
        a.ack(type, 2);  // not what ends a QoS 2 message, nor at this point
        a.ack(type, 99);
    }
    EXPECT_THAT(a.heard(), IsEmpty());
    a.ack(packet_type::pubrec, 99);
    EXPECT_THAT(a.heard(), ElementsAre("PUBREL 99" + not_found()));
    a.cut();
    a.acknowledges = true;
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present", "PUBLISH t 1 q2 dup", "PUBREL 2"));
}

TEST_P(broker_qos2, a_pubrec_that_comes_again_gets_pubrel_again) {
    a.acknowledges = false;
    b.publish("t", "1", qos::exactly_once);
    a.ack(packet_type::pubrec, 2);
    a.ack(packet_type::pubrec, 2);
    a.ack(packet_type::pubcomp, 2);
    a.ack(packet_type::pubcomp, 2);
    EXPECT_THAT(a.heard(), ElementsAre("PUBLISH t 1 q2", "PUBREL 2", "PUBREL 2"));
    a.cut();
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present"));
}

TEST_P(broker_qos2, puback_for_a_message_of_qos_2_does_not_end_it) {
    a.acknowledges = false;
    b.publish("t", "1", qos::exactly_once);
    b.publish("t", "2", qos::at_least_once);
    a.ack(packet_type::pubrec, 3);  // of QoS 1
    a.heard();
    a.ack(packet_type::puback, 3);
    a.ack(packet_type::pubrec, 2);
    EXPECT_THAT(a.heard(), ElementsAre("PUBREL 2"));
}

// [MQTT5 4.3.3]: PUBREC with an error ends the delivery, at the server too.
TEST_P(broker_qos2, a_pubrec_that_refuses_ends_the_delivery) {
    if (GetParam() != v5) {
        return;
    }
    a.acknowledges = false;
    b.publish("t", "1", qos::exactly_once);
    a.ack(packet_type::pubrec, 2, reason::quota_exceeded);
    a.heard();
    a.cut();
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present"));
}

// After PUBREC was said and the connection lost, PUBLISH may come again before PUBREL.
TEST_P(broker_qos2, identifiers_outlive_the_connection_with_the_session) {
    b.is_sane = false;
    b.acknowledges = false;
    b.say(publish_bytes("1", 7));
    b.cut();
    b.connect(kept(GetParam()));
    b.heard();
    b.say(publish_bytes("1", 7, true));
    b.ack(packet_type::pubrel, 7);
    EXPECT_THAT(b.heard(), ElementsAre("PUBREC 7", "PUBCOMP 7"));
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q2"));
}

TEST_P(broker_qos2, identifiers_go_with_a_session_that_is_not_kept) {
    b.is_sane = false;
    b.connect({GetParam()});
    b.heard();
    b.say(publish_bytes("1", 7));
    b.connect({GetParam()});
    b.heard();
    b.say(publish_bytes("1", 7, true));
    EXPECT_THAT(b.heard(), ElementsAre("PUBREC 7"));
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q2", "t 1 q2"));
}

}  // namespace
}  // namespace evergrass::mqtt::testing
