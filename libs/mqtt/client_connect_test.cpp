#include "libs/mqtt/client_session_fixture.hpp"

// CONNECT and CONNACK.
namespace evergrass::mqtt {
namespace {

using namespace testing;

class client_connect_test : public client_session_fixture {};
EVERGRASS_BOTH_VERSIONS(client_connect_test);

class client_connect_5_test : public client_session_fixture {};
EVERGRASS_VERSION_5(client_connect_5_test);

TEST_P(client_connect_test, connects_with_what_it_was_told) {
    session->opened(now);
    EXPECT_EQ(written(), speaks_5() ? "\x10\x16\0\x04MQTT\x05\x02\0\x28\x08\x27\0\x02\x04\0"
                                      "\x22\0\x10\0\x01x"sv
                                    : "\x10\x0d\0\x04MQTT\x04\x02\0\x28\0\x01x"sv);
    EXPECT_FALSE(session->connected());
    hear_connack();
    EXPECT_TRUE(session->connected());
    EXPECT_EQ(connects, 1);
}

TEST_P(client_connect_test, tells_who_it_is_and_leaves_a_will) {
    auto o = options();
    o.user_name = "user";
    o.password = "secret";
    o.will = client_will{"last", "words", {}, 30};
    o.will->options.level = qos::exactly_once;
    o.will->options.retain = true;
    o.will->options.properties.expiry = 60;
    o.will->options.properties.user = {{"why", "gone"}};
    o.keep_alive = 100'000s;
    make(o);
    session->opened(now);
    EXPECT_THAT(said(),
                ElementsAre(speaks_5() ? "CONNECT x clean keep-alive=65535 user:secret will q2 "
                                         "retain last=words delay=30 expiry=60 why:gone expiry=0 "
                                         "receive=65535 size=132096 aliases=16"
                                       : "CONNECT x clean keep-alive=65535 user:secret will q2 "
                                         "retain last=words delay=0"));
}

TEST_P(client_connect_test, says_in_words_why_it_was_refused) {
    for (const auto& [code, words] :
         {std::pair(reason::unsupported_protocol_version, "version of MQTT (CONNACK 0x84 "),
          {reason::client_identifier_not_valid, "client id (CONNACK 0x85 "},
          {reason::server_unavailable, "unavailable at the moment (CONNACK 0x88 "},
          {reason::bad_user_name_or_password, "user name or password (CONNACK 0x86 "},
          {reason::not_authorized, "policy allows the client id (CONNACK 0x87 not authorized"}}) {
        session->opened(now);
        connack_packet p;
        p.code = code;
        hear_connack(p);
        ASSERT_TRUE(session->failed());
        EXPECT_THAT(session->failure(), HasSubstr(words));
        EXPECT_FALSE(session->has_last_words());
        session->lost(session->failure());
    }
    EXPECT_EQ(connects, 0);
}

TEST_P(client_connect_test, hostile_answers_end_the_connection) {
    const auto five = speaks_5() ? std::string(1, '\0') : ""s;
    const auto body = [](std::string s) { return static_cast<char>(s.size()) + s; };
    for (const auto& packet : {
             "\x30" + body("\0\x01t"s + five),
             "\xd0\0"s,
             "\xe0\0"s,
             "\xf0\0"s,
             "\x20" + body("\0"s),
             "\x20" + body("\0\0"s + five + "\0"s),
             "\x20" + body("\x02\0"s + five),    // reserved flags
             "\x20" + body("\x01\0"s + five),    // a session, although a clean start was asked for
             "\x20" + body("\x01\x05"s + five),  // refused, with a session
             "\x20" + body("\0\x07"s + five),    // a code that does not exist
             "\x20\xff\xff\xff\x7f"s,
         }) {
        session->opened(now);
        hear(packet);
        EXPECT_TRUE(session->failed());
        EXPECT_NE(session->failure(), "");
        session->lost("tested");
    }
    EXPECT_EQ(connects, 0);
}

TEST_P(client_connect_test, a_kept_session_is_asked_for_at_each_connection) {
    auto o = options();
    o.clean_start = false;
    make(o);
    session->opened(now);
    EXPECT_THAT(said().at(0), HasSubstr("CONNECT x keep-alive"));
    connack_packet p;
    p.session_present = true;  // an earlier process had it
    hear_connack(p);
    ASSERT_TRUE(session->connected());
    EXPECT_TRUE(session->server().session_present);
    session->lost("tested");
    session->opened(now);
    EXPECT_THAT(said().at(0), HasSubstr("CONNECT x keep-alive"));
}

TEST_P(client_connect_test, a_clean_session_is_clean_each_time) {
    for (int i = 0; i < 2; ++i) {
        session->opened(now);
        EXPECT_THAT(said().at(0), HasSubstr("CONNECT x clean"));
        hear_connack();
        session->lost("tested");
    }
}

TEST_P(client_connect_test, what_the_server_implies_is_known) {
    connect();
    const auto& server = session->server();
    EXPECT_EQ(server.client_id, "x");
    EXPECT_EQ(server.keep_alive, 40s);
    EXPECT_EQ(server.maximum_qos, qos::exactly_once);
    EXPECT_EQ(server.receive_maximum, 65'535);
    EXPECT_EQ(server.topic_alias_maximum, 0);
}

// The clean start is for the first connection; what comes after goes on with the session.
TEST_P(client_connect_5_test, a_session_with_an_expiry_is_begun_clean_and_then_kept) {
    auto o = options();
    o.session_expiry = 3600;
    make(o);
    session->opened(now);
    EXPECT_THAT(said().at(0), HasSubstr("CONNECT x clean keep-alive=40 expiry=3600"));
    session->lost("before any CONNACK");
    session->opened(now);
    EXPECT_THAT(said().at(0), HasSubstr("CONNECT x clean"));
    hear_connack();
    session->lost("tested");
    session->opened(now);
    EXPECT_THAT(said().at(0), HasSubstr("CONNECT x keep-alive"));
    connack_packet p;
    p.session_present = true;
    hear_connack(p);
    EXPECT_TRUE(session->connected());
}

TEST_P(client_connect_5_test, the_refusals_reason_string_is_told_but_not_all_of_it) {
    session->opened(now);
    connack_packet p;
    p.code = reason::banned;
    const auto words = std::string(255, 'w') + "\xc3\xa4" + std::string(60'000, 'w');
    p.reason_string = words;
    hear_connack(p);
    EXPECT_EQ(session->failure(), "the server refused the connection (CONNACK 0x8a banned: " +
                                      std::string(255, 'w') + ")");
}

TEST_P(client_connect_5_test, user_properties_go_with_it) {
    auto o = options();
    o.user_properties = {{"a", "b"}, {"a", "c"}};
    make(o);
    session->opened(now);
    EXPECT_THAT(said().at(0), HasSubstr(" a:b a:c"));
}

TEST_P(client_connect_5_test, an_assigned_client_id_is_used_from_then_on) {
    auto o = options();
    o.client_id = "";
    make(o);
    connack_packet p;
    p.assigned_client_id = "assigned";
    connect(p);
    EXPECT_EQ(session->server().client_id, "assigned");
    session->lost("tested");
    session->opened(now);
    EXPECT_THAT(said().at(0), HasSubstr("CONNECT assigned"));
}

TEST_P(client_connect_5_test, a_client_id_has_to_be_assigned_to_who_has_none) {
    auto o = options();
    o.client_id = "";
    make(o);
    session->opened(now);
    written();
    hear_connack();
    EXPECT_THAT(session->failure(), HasSubstr("MQTT-3.2.2-16"));
    EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x82"));
}

TEST_P(client_connect_5_test, the_servers_keep_alive_is_obeyed) {
    connack_packet p;
    p.server_keep_alive = 20;
    connect(p);
    EXPECT_EQ(session->server().keep_alive, 20s);
    EXPECT_EQ(session->deadline(), now + 15s);
    session->lost("tested");
    p.server_keep_alive = 0;
    connect(p);
    EXPECT_EQ(session->deadline(), mono_time::max());
}

TEST_P(client_connect_5_test, a_server_that_takes_no_acknowledgements_is_left) {
    session->opened(now);
    written();
    connack_packet p;
    p.maximum_packet_size = 4;
    hear_connack(p);
    EXPECT_THAT(session->failure(), HasSubstr("only packets of 4 bytes"));
    EXPECT_THAT(said(), ElementsAre("DISCONNECT 0x83"));
}

TEST_P(client_connect_5_test, all_that_the_server_says_is_known) {
    connack_packet p;
    p.session_expiry = 7;
    p.receive_maximum = 8;
    p.maximum_qos = qos::at_least_once;
    p.retain_available = false;
    p.maximum_packet_size = 900;
    p.topic_alias_maximum = 10;
    p.wildcard_subscription_available = false;
    p.subscription_identifiers_available = false;
    p.shared_subscription_available = false;
    p.response_information = "answers/x";
    p.reason_string = "welcome";
    connect(p);
    const auto& server = session->server();
    EXPECT_EQ(server.session_expiry, 7U);
    EXPECT_EQ(server.receive_maximum, 8);
    EXPECT_EQ(server.maximum_qos, qos::at_least_once);
    EXPECT_FALSE(server.retain_available);
    EXPECT_EQ(server.maximum_packet_size, 900U);
    EXPECT_EQ(server.topic_alias_maximum, 10);
    EXPECT_FALSE(server.wildcard_subscription_available);
    EXPECT_FALSE(server.subscription_identifiers_available);
    EXPECT_FALSE(server.shared_subscription_available);
    EXPECT_EQ(server.response_information, "answers/x");
    EXPECT_EQ(server.reason_string, "welcome");
}

}  // namespace
}  // namespace evergrass::mqtt
