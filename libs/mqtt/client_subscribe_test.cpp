#include "libs/mqtt/client_session_fixture.hpp"

// SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK.
namespace evergrass::mqtt {
namespace {

using namespace testing;

class client_subscribe_test : public client_session_fixture {
protected:
    // A session that the server keeps.
    void make_kept() {
        auto o = options();
        o.clean_start = false;
        o.session_expiry = 100;
        make(o);
    }
};
EVERGRASS_BOTH_VERSIONS(client_subscribe_test);

class client_subscribe_5_test : public client_session_fixture {};
EVERGRASS_VERSION_5(client_subscribe_5_test);

TEST_P(client_subscribe_test, asks_and_tells_what_was_granted) {
    connect();
    subscribe("a/#", qos::exactly_once);
    subscribe("b", qos::at_most_once);
    EXPECT_THAT(said(), ElementsAre("SUBSCRIBE #1 a/# q2", "SUBSCRIBE #2 b q0"));
    hear_suback(2, 0);
    hear_suback(1, 1);
    EXPECT_THAT(answers, ElementsAre("granted q0", "granted q1"));
}

TEST_P(client_subscribe_test, a_message_may_come_before_its_suback) {
    connect();
    subscribe("t");
    hear_publish(0, qos::at_most_once, "t", "x");
    hear_suback(1, 1);
    EXPECT_THAT(messages, ElementsAre("t=x"));
    EXPECT_THAT(answers, ElementsAre("granted q1"));
}

TEST_P(client_subscribe_test, a_refused_subscription_is_asked_for_again_after_a_reconnect) {
    connect();
    subscribe("t");
    EXPECT_THAT(said(), ElementsAre("SUBSCRIBE #1 t q1"));
    hear_suback(1, 0x80);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("the server refused the subscription to 't': SUBACK 0x80 "
                                      "unspecified error"));
    reconnect(false);
    EXPECT_THAT(said(), ElementsAre("SUBSCRIBE #2 t q1"));
}

TEST_P(client_subscribe_test, an_impossible_filter_is_not_sent) {
    connect();
    subscribe("a/#/b");
    unsubscribe("a+");
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_THAT(said(), IsEmpty());
}

TEST_P(client_subscribe_test, a_new_session_gets_all_subscriptions_again) {
    make_kept();
    connect();
    subscribe("a");
    subscribe("b");
    hear_suback(1, 1);
    hear_suback(2, 1);
    written();
    reconnect(false);
    EXPECT_THAT(said(), ElementsAre("SUBSCRIBE #3 a q1", "SUBSCRIBE #4 b q1"));
}

TEST_P(client_subscribe_test, a_kept_session_gets_only_what_it_has_not_answered) {
    make_kept();
    connect();
    subscribe("answered");
    hear_suback(1, 1);
    unsubscribe("gone");
    subscribe("lost");
    unsubscribe("lost too");
    hear_unsuback(2);
    written();
    session->lost("tested");
    subscribe("made away");
    unsubscribe("made away");
    subscribe("made away too");
    reconnect(true);
    EXPECT_THAT(said(), ElementsAre("SUBSCRIBE #5 lost q1", "UNSUBSCRIBE #6 lost too",
                                    "SUBSCRIBE #7 made away too q1"));
    hear_suback(5, 1);
    hear_unsuback(6);
    reconnect(true);
    EXPECT_THAT(said(), ElementsAre("SUBSCRIBE #8 made away too q1"));
}

TEST_P(client_subscribe_test, what_was_unsubscribed_stays_so_after_a_reconnect) {
    connect();
    subscribe("t");
    written();
    unsubscribe("t");
    EXPECT_THAT(said(), ElementsAre("UNSUBSCRIBE #2 t"));
    EXPECT_EQ(answers.size(), 1U);  // the subscription's, which was ended
    hear_suback(1, 0);
    hear_unsuback(2);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[1], "ended");
    reconnect(false);
    EXPECT_THAT(said(), IsEmpty());
}

TEST_P(client_subscribe_test, an_unsubscription_that_the_lost_session_made_needless_is_done) {
    make_kept();
    connect();
    unsubscribe("t");
    written();
    reconnect(false);
    EXPECT_THAT(said(), IsEmpty());
    EXPECT_THAT(answers, ElementsAre("ended"));
}

TEST_P(client_subscribe_test, only_the_last_of_several_wishes_is_answered) {
    connect();
    subscribe("t", qos::at_most_once);
    unsubscribe("t");
    subscribe("t", qos::exactly_once);
    answers.clear();
    hear_suback(1, 0);
    hear_unsuback(2);
    EXPECT_THAT(answers, IsEmpty());
    hear_suback(3, 2);
    EXPECT_THAT(answers, ElementsAre("granted q2"));
    written();
    reconnect(false);
    EXPECT_THAT(said(), ElementsAre("SUBSCRIBE #4 t q2"));
}

TEST_P(client_subscribe_test, a_subscription_made_twice_is_answered_twice) {
    connect();
    subscribe("t", qos::at_most_once);
    subscribe("t", qos::at_least_once);
    hear_suback(1, 0);
    EXPECT_THAT(answers, IsEmpty());
    hear_suback(2, 1);
    EXPECT_THAT(answers, ElementsAre("granted q1", "granted q1"));
}

TEST_P(client_subscribe_test, only_so_many_are_under_way) {
    for (int i = 0; i < 1'500; ++i) {
        subscribe("t/" + std::to_string(i));
    }
    connect();
    EXPECT_EQ(said().size(), 1'000U);
    hear_suback(1, 0);
    hear_suback(2, 0);
    EXPECT_EQ(said().size(), 2U);
    for (int i = 3; i <= 1'500; ++i) {
        hear_suback(static_cast<std::uint16_t>(i), 0);
    }
    EXPECT_EQ(answers.size(), 1'500U);
}

TEST_P(client_subscribe_test, options_need_5_0) {
    connect();
    subscribe_options o;
    o.options.level = qos::at_least_once;
    o.options.no_local = true;
    o.options.retain_as_published = true;
    o.options.retained = retain_handling::do_not_send;
    o.id = 17;
    subscribe("t", o);
    if (speaks_5()) {
        EXPECT_THAT(said(),
                    ElementsAre("SUBSCRIBE #1 t q1 no-local as-published retained-2 id=17"));
    } else {
        EXPECT_THAT(said(), IsEmpty());
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_THAT(answers[0], HasSubstr("need MQTT 5.0"));
    }
}

TEST_P(client_subscribe_5_test, options_that_cannot_be_are_not_sent) {
    connect();
    subscribe_options o;
    o.options.no_local = true;
    subscribe("$share/g/t", o);
    subscribe("$share/g");
    o = {};
    o.id = 268'435'456;
    subscribe("t", o);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_THAT(answers[0], HasSubstr("MQTT-3.8.3-4"));
    EXPECT_THAT(answers[2], HasSubstr("268435455"));
    EXPECT_THAT(said(), IsEmpty());
}

TEST_P(client_subscribe_5_test, the_servers_reason_is_told) {
    connect();
    subscribe("t");
    unsubscribe("u");
    hear("\x90\x10\0\x01\x0c\x1f\0\x09no rights\x87"sv);
    hear("\xb0\x0a\0\x02\x06\x1f\0\x03why\x83"sv);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_THAT(answers[0], HasSubstr("the server refused the subscription to 't': SUBACK 0x87 not "
                                      "authorized: no rights"));
    EXPECT_THAT(answers[1], HasSubstr("the server refused to end the subscription to 'u': UNSUBACK "
                                      "0x83 implementation specific error: why"));
}

TEST_P(client_subscribe_5_test, what_the_server_does_not_do_is_not_asked_for) {
    connack_packet p;
    p.wildcard_subscription_available = false;
    p.shared_subscription_available = false;
    p.subscription_identifiers_available = false;
    p.maximum_packet_size = 40;
    subscribe("before/#");
    connect(p);
    subscribe("a/+");
    subscribe("$share/g/t");
    subscribe_options o;
    o.id = 1;
    subscribe("t", o);
    subscribe(std::string(40, 't'));
    unsubscribe(std::string(40, 'u'));
    ASSERT_EQ(answers.size(), 6U);
    EXPECT_THAT(answers[0], HasSubstr("'before/#': the server has no wildcard subscriptions"));
    EXPECT_THAT(answers[1], HasSubstr("'a/+': the server has no wildcard subscriptions"));
    EXPECT_THAT(answers[2], HasSubstr("no shared subscriptions"));
    EXPECT_THAT(answers[3], HasSubstr("no subscription identifiers"));
    EXPECT_THAT(answers[4], HasSubstr("SUBSCRIBE takes 48 bytes; the server takes 40"));
    EXPECT_THAT(answers[5], HasSubstr("UNSUBSCRIBE takes 47 bytes; the server takes 40"));
    EXPECT_THAT(said(), IsEmpty());
    reconnect(false);  // to one that does
    EXPECT_EQ(said().size(), 5U);
}

}  // namespace
}  // namespace evergrass::mqtt
