#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

// Nothing is said before it is true after a power cut, too.
namespace evergrass::mqtt::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr auto v5 = protocol_version::v5;

class broker_journal : public ::testing::TestWithParam<protocol_version> {
protected:
    broker_journal() : all({1, true, true, {}}) {
        a.connect(kept(GetParam()));
        a.subscribe("t", qos::exactly_once);
        b.connect(kept(GetParam()));
        a.heard();
        b.heard();
        all.journal.calls.clear();
        all.save_at_once(false);
    }

    world all;
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};
INSTANTIATE_TEST_SUITE_P(, broker_journal,
                         ::testing::Values(protocol_version::v3_1_1, protocol_version::v5));

TEST_P(broker_journal, connack_waits_for_the_session_to_be_saved) {
    auto& c = all.client("c");
    c.connect(kept(GetParam()));
    EXPECT_THAT(c.heard(), IsEmpty());
    c.subscribe("u");  // is not read before
    all.journal.save(all.journal.last());
    EXPECT_THAT(c.heard(), IsEmpty());
    all.settle();
    EXPECT_THAT(c.heard(), ElementsAre("CONNACK"));
    all.save();
    EXPECT_THAT(c.heard(), ElementsAre("SUBACK 1: 0"));
}

TEST_P(broker_journal, connack_waits_for_the_end_of_an_older_session_to_be_saved) {
    a.connect({GetParam()});
    EXPECT_THAT(a.heard(), IsEmpty());
    EXPECT_THAT(all.journal.calls, Contains("ended a"));
    all.save();
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK"));
    b.connect({GetParam()});
    all.save();
    b.heard();
    b.connect({GetParam()});
    EXPECT_THAT(b.heard(), ElementsAre("CONNACK"));  // nothing to save
}

// A kept session whose client said last that it is to end with the connection, which the process
// took with it.
TEST(broker_journal_restart, ends_what_was_to_end_with_its_connection) {
    world all({1, true, true, {}});
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.subscribe("t", qos::at_least_once);
    a.cut();
    auto resumed = kept(v5);
    resumed.expiry = 0;
    a.connect(resumed);
    all.crash(all.journal.last());
    auto& b = all.client("b");
    b.connect({v5});
    b.heard();
    b.publish("t", "1", qos::at_least_once);
    EXPECT_THAT(b.heard(), ElementsAre("PUBACK 1 no matching subscribers"));
    a.heard();
    a.connect(kept(v5));
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK"));  // no session was present
}

TEST_P(broker_journal, suback_and_unsuback_wait) {
    a.subscribe("u");
    a.unsubscribe("t");
    a.ping();
    EXPECT_THAT(a.heard(), IsEmpty());
    EXPECT_EQ(a.pings_answered(), 1U);
    all.journal.save(all.journal.durable() + 1);
    all.settle();
    EXPECT_THAT(a.heard(), ElementsAre("SUBACK 2: 0"));
    all.save();
    EXPECT_THAT(a.heard(), ElementsAre(GetParam() == v5 ? "UNSUBACK 3: 0" : "UNSUBACK 3: "));
    EXPECT_THAT(all.journal.calls, ElementsAre("subscribed a", "unsubscribed a"));
}

TEST_P(broker_journal, puback_and_pubrec_wait_and_come_in_order) {
    b.publish("t", "1", qos::at_least_once);
    b.publish("t", "2", qos::exactly_once);
    b.publish("t", "3", qos::at_most_once);
    b.publish("nobody", "4", qos::at_least_once);  // saves nothing
    EXPECT_THAT(b.heard(), IsEmpty());
    all.save();
    const std::string nobody = GetParam() == v5 ? " no matching subscribers" : "";
    EXPECT_THAT(b.heard(),
                ElementsAre("PUBACK 1", "PUBREC 2", "PUBACK 3" + nobody));  // PUBREL is next
    all.save();
    EXPECT_THAT(b.heard(), ElementsAre("PUBCOMP 2"));
}

TEST_P(broker_journal, pubcomp_waits_because_the_identifier_may_be_used_again) {
    b.acknowledges = false;
    b.publish("t", "1", qos::exactly_once);
    all.save();
    b.heard();
    b.ack(packet_type::pubrel, 1);
    EXPECT_THAT(b.heard(), IsEmpty());
    EXPECT_THAT(all.journal.calls, Contains("released b"));
    all.save();
    EXPECT_THAT(b.heard(), ElementsAre("PUBCOMP 1"));
}

TEST_P(broker_journal, pubrel_waits_because_the_message_must_not_be_sent_again) {
    a.acknowledges = false;
    b.publish("t", "1", qos::exactly_once);
    all.save();
    a.heard();
    a.ack(packet_type::pubrec, 2);
    EXPECT_THAT(a.heard(), IsEmpty());
    all.save();
    EXPECT_THAT(a.heard(), ElementsAre("PUBREL 2"));
}

// The client would remember the identifier of a message that the server, after a crash, gives to
// another one.
TEST_P(broker_journal, a_message_of_qos_2_is_not_sent_before_it_is_saved) {
    b.publish("t", "1", qos::exactly_once);
    b.publish("t", "2", qos::at_least_once);
    EXPECT_THAT(a.heard(), IsEmpty());
    all.save();
    EXPECT_THAT(a.heard(), ElementsAre("PUBLISH t 1 q2", "PUBLISH t 2 q1"));
    all.save();
    b.publish("t", "3", qos::at_least_once);
    EXPECT_THAT(a.heard(), ElementsAre("PUBREL 2", "PUBLISH t 3 q1"));
}

TEST_P(broker_journal, what_was_not_saved_is_as_if_it_had_not_come) {
    b.publish("t", "1", qos::exactly_once);
    all.crash(all.journal.durable());
    all.save_at_once(true);
    b.connect(kept(GetParam()));  // sends it again
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q2"));
    EXPECT_EQ(b.unanswered(), 0U);
}

TEST_P(broker_journal, what_was_saved_is_not_taken_twice) {
    b.publish("t", "1", qos::exactly_once);
    all.crash();
    all.save_at_once(true);
    b.connect(kept(GetParam()));
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q2 dup"));  // for all that the server knows
    EXPECT_EQ(b.unanswered(), 0U);
}

TEST_P(broker_journal, one_record_has_a_message_for_all) {
    auto& c = all.client("c");
    c.connect(kept(GetParam()));
    all.save();
    c.subscribe("t", qos::at_least_once);
    all.save();
    c.subscribe("$share/g/t", qos::at_least_once);
    all.save();
    all.journal.calls.clear();
    b.publish("t", "1", qos::exactly_once);
    EXPECT_EQ(all.journal.calls.at(0), "message a,c,c");
    EXPECT_THAT(all.journal.calls, Not(Contains("message c")));
    all.save();
    EXPECT_THAT(c.messages(), SizeIs(2));
}

TEST_P(broker_journal, records_say_how_far_each_delivery_got) {
    b.publish("t", "1", qos::at_least_once);
    b.publish("t", "2", qos::exactly_once);
    all.save();
    all.save();
    all.save();
    EXPECT_THAT(all.journal.calls, Contains("pubrec_came a"));
    EXPECT_THAT(all.journal.now().sessions.at("a").deliveries, IsEmpty());
    EXPECT_THAT(all.journal.now().sessions.at("b").received_packet_ids, IsEmpty());
}

// --- What a crash leaves -------------------------------------------------------------------------

TEST_P(broker_journal, sessions_go_on_after_a_crash_where_they_were) {
    all.save_at_once(true);
    a.acknowledges = false;
    b.publish("t", "1", qos::at_least_once);
    b.publish("t", "2", qos::exactly_once);
    b.publish("t", "3", qos::exactly_once);
    a.ack(packet_type::pubrec, 3);
    a.cut();
    b.publish("t", "4", qos::at_least_once);
    all.crash();
    EXPECT_EQ(all.sessions(), 2U);
    a.heard();
    a.acknowledges = true;
    EXPECT_EQ(a.connect(kept(GetParam())), "CONNACK present");
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present", "PUBLISH t 1 q1 dup", "PUBREL 3",
                                       "PUBLISH t 3 q2 dup", "PUBLISH t 4 q1", "PUBREL 4"));
    b.connect(kept(GetParam()));
    b.publish("t", "5", qos::at_least_once);
    EXPECT_THAT(a.messages(), Contains("t 5 q1"));
}

TEST_P(broker_journal, identifiers_of_qos_2_that_came_are_remembered) {
    all.save_at_once(true);
    b.reads = false;
    b.publish("t", "1", qos::exactly_once);
    all.crash();
    b.reads = true;
    b.connect(kept(GetParam()));
    a.connect(kept(GetParam()));
    EXPECT_EQ(b.unanswered(), 0U);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q2"));
    EXPECT_THAT(all.journal.now().sessions.at("b").received_packet_ids, IsEmpty());
}

TEST_P(broker_journal, a_qos_2_message_for_several_shards_is_saved_for_all_of_them_or_for_none) {
    for (session_journal::sequence lost = 0; lost < 4; ++lost) {
        world shards({3, true, true, {}});
        std::vector<scripted_client*> clients;
        for (std::size_t home = 0; home < 3; ++home) {
            int n = 0;
            while (home_of("c" + std::to_string(n), 3) != home) {
                ++n;
            }
            clients.push_back(&shards.client("c" + std::to_string(n)));
            clients.back()->connect(kept(GetParam()));
            clients.back()->subscribe("t", home == 2 ? qos::at_least_once : qos::exactly_once);
        }
        shards.save_at_once(false);
        clients[0]->publish("t", "1", qos::exactly_once);
        for (auto* const each : clients) {
            EXPECT_THAT(each->messages(), IsEmpty());  // not before it is saved
        }
        EXPECT_EQ(clients[0]->unanswered(), 1U);
        shards.crash(shards.journal.last() - std::min(lost, shards.journal.last()));
        shards.save_at_once(true);
        for (auto* const each : clients) {
            each->connect(kept(GetParam()));
        }
        shards.settle();
        EXPECT_EQ(clients[0]->unanswered(), 0U);
        EXPECT_THAT(clients[0]->messages(), ElementsAre(StartsWith("t 1 q2"))) << lost;
        EXPECT_THAT(clients[1]->messages(), ElementsAre(StartsWith("t 1 q2"))) << lost;
        EXPECT_THAT(clients[2]->messages(), Contains(StartsWith("t 1 q1"))) << lost;
    }
}

TEST_P(broker_journal, rights_are_looked_at_again_after_a_crash) {
    all.save_at_once(true);
    a.cut();
    b.publish("t", "1", qos::at_least_once);
    all.rules.set_rights([](auto who, auto, auto) { return who != "a"; });
    all.crash();
    a.connect(kept(GetParam()));
    EXPECT_THAT(a.messages(), IsEmpty());
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not permitted: t for a", 1)));
}

TEST(broker_journal_expiry, of_a_session_goes_on_over_restarts) {
    world all({1, true, true, {}});
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.cut();
    all.advance(1'000s);
    all.crash();
    all.advance(2'599s);
    EXPECT_EQ(all.sessions(), 1U);
    all.advance(1s);
    EXPECT_EQ(all.sessions(), 0U);
    all.crash();
    EXPECT_EQ(all.sessions(), 0U);
}

// It was connected when the process died: it has been away since then, and restarts don't renew it.
TEST(broker_journal_expiry, of_a_session_that_was_connected_begins_with_the_first_restart) {
    world all({1, true, true, {}});
    auto& a = all.client("a");
    a.connect(kept(v5));
    for (int i = 0; i < 6; ++i) {
        all.crash();
        EXPECT_EQ(all.sessions(), 1U);
        all.advance(599s);
    }
    all.crash();
    all.advance(6s);
    EXPECT_EQ(all.sessions(), 0U);
}

TEST(broker_journal_expiry, counts_of_messages_too) {
    world all({1, true, true, {}});
    auto& a = all.client("a");
    a.connect(kept(v5));
    a.subscribe("t", qos::at_least_once);
    a.cut();
    auto& b = all.client("b");
    b.connect({v5});
    b.publish("t", "short", qos::at_least_once, {false, 10});
    b.publish("t", "long", qos::at_least_once, {false, 100});
    all.crash();
    all.advance(20s);
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), ElementsAre("t long q1 expires80"));
}

// --- A disk that is full -------------------------------------------------------------------------

TEST_P(broker_journal, what_it_refuses_is_not_acknowledged_and_nobody_gets_it) {
    auto& plain = all.client("plain");
    auto& zero = all.client("zero");
    plain.connect({GetParam()});
    plain.subscribe("t", qos::exactly_once);
    zero.connect({GetParam()});
    zero.subscribe("t");
    all.journal.refuses = true;
    b.publish("t", "1", qos::exactly_once);
    all.save();
    if (GetParam() == v5) {
        EXPECT_THAT(b.heard(), ElementsAre("PUBREC 1 quota exceeded"));
    } else {
        EXPECT_THAT(b.heard(), ElementsAre("CLOSED"));
        all.journal.refuses = false;
        b.connect(kept());
        all.save();
    }
    all.journal.refuses = false;
    b.publish("t", "2", qos::exactly_once);
    all.save();
    all.save();
    std::vector<std::string> expected{"t 2 q2"};
    if (GetParam() != v5) {
        expected.insert(expected.begin(), "t 1 q2");  // it came again
    }
    EXPECT_EQ(plain.messages(), expected);
    EXPECT_EQ(a.messages(), expected);
    for (auto& each : expected) {
        each.resize(each.size() - 3);
    }
    EXPECT_EQ(zero.messages(), expected);
    EXPECT_EQ(all.journal.now().sessions.at("b").received_packet_ids.size(), 0U);
}

TEST_P(broker_journal, what_it_refuses_from_outside_still_goes_to_sessions_that_are_not_kept) {
    auto& plain = all.client("plain");
    plain.connect({GetParam()});
    plain.subscribe("t", qos::exactly_once);
    all.journal.refuses = true;
    all.publish(all.message("t", "1", qos::exactly_once));
    EXPECT_THAT(plain.messages(), ElementsAre("t 1 q2"));
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not stored: t for a", 1)));
    all.journal.refuses = false;
    all.publish(all.message("t", "2", qos::at_least_once));
    EXPECT_THAT(a.messages(), ElementsAre("t 2 q1"));
}

TEST_P(broker_journal, qos_0_needs_no_disk) {
    all.journal.refuses = true;
    b.publish("t", "1");
    EXPECT_THAT(a.messages(), ElementsAre("t 1"));
    EXPECT_TRUE(b.connected());
}

// --- Receipts from outside -----------------------------------------------------------------------

TEST_P(broker_journal, a_receipt_from_outside_goes_when_the_message_is_saved) {
    bool done = false;
    receipt pending(&done, [&](void*) { done = true; });
    all.publish(all.message("t", "1", qos::at_least_once), std::exchange(pending, {}));
    EXPECT_FALSE(done);
    all.save();
    EXPECT_TRUE(done);
}

TEST_P(broker_journal, a_client_is_not_read_while_too_many_answers_wait) {
    for (int i = 0; i < 2'000; ++i) {
        b.settles = false;
        b.publish("t", "x", qos::at_least_once);
    }
    b.settles = true;
    all.settle();
    if (GetParam() == v5) {
        EXPECT_FALSE(b.connected());  // over the Receive Maximum
        return;
    }
    EXPECT_FALSE(b.connection().wants_input());
    EXPECT_THAT(b.heard(), IsEmpty());
    all.save();
    EXPECT_TRUE(b.connection().wants_input());
    all.save();
    EXPECT_THAT(b.heard(), SizeIs(2'000));
}

}  // namespace
}  // namespace evergrass::mqtt::testing
