#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

// Rights that are taken away, or given, while clients are connected and messages wait.
namespace evergrass::mqtt::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto v5 = protocol_version::v5;

class broker_rights : public ::testing::Test {
protected:
    broker_rights() {
        a.connect(kept(v5));
        a.subscribe("#", qos::exactly_once);
        b.connect({v5});
    }
    void forbid(std::string topic) {
        all.rules.set_rights([topic](auto who, auto, auto t) { return who != "a" || t != topic; });
    }

    world all;
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};

TEST_F(broker_rights, count_from_the_next_message_on) {
    b.publish("t", "1", qos::at_least_once);
    forbid("t");
    b.publish("t", "2", qos::at_least_once);
    b.publish("u", "3", qos::at_least_once);
    forbid("u");
    b.publish("t", "4", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1", "u 3 q1", "t 4 q1"));
    EXPECT_THAT(all.rules.losses, IsEmpty());  // it was not for them
}

TEST_F(broker_rights, of_messages_that_wait_for_a_client_that_is_away) {
    a.cut();
    b.publish("t", "1", qos::at_least_once);
    b.publish("u", "2", qos::exactly_once);
    forbid("t");
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), ElementsAre("u 2 q2"));
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not permitted: t for a", 1)));
}

TEST_F(broker_rights, of_messages_that_wait_for_a_window) {
    auto narrow = kept(v5);
    narrow.receive_maximum = 1;
    a.connect(narrow);
    a.acknowledges = false;
    b.publish("u", "1", qos::at_least_once);
    b.publish("t", "2", qos::at_least_once);
    b.publish("u", "3", qos::at_least_once);
    forbid("t");
    a.acknowledges = true;
    a.ack(packet_type::puback, a.unacknowledged().at(0));
    EXPECT_THAT(a.messages(), ElementsAre("u 1 q1", "u 3 q1"));
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not permitted: t for a", 1)));
}

TEST_F(broker_rights, of_messages_that_would_be_sent_again) {
    a.acknowledges = false;
    b.publish("t", "1", qos::exactly_once);
    b.publish("u", "2", qos::at_least_once);
    b.publish("t", "3", qos::exactly_once);
    a.ack(packet_type::pubrec, 4);
    a.cut();
    forbid("t");
    a.heard();
    a.acknowledges = true;
    a.connect(kept(v5));
    // What it has already is completed.
    EXPECT_THAT(a.heard(), ElementsAre("CONNACK present", "PUBLISH u 2 q1 dup", "PUBREL 4"));
}

TEST_F(broker_rights, may_be_others_when_the_client_comes_back) {
    a.cut();
    b.publish("t", "1", qos::at_least_once);
    all.rules.admits = [](auto, auto&) {
        return admission{reason::success, std::make_shared<int>()};
    };
    all.rules.set_rights_by_info([](const client_info& who) { return !who.context; });
    b.publish("t", "2", qos::at_least_once);  // the generation is the one that counts now
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), IsEmpty());
}

TEST_F(broker_rights, to_subscribe_are_asked_for_each_filter) {
    all.rules.subscribes = [](auto, auto filter, qos level) {
        return filter == "no"    ? reason::not_authorized
               : filter == "one" ? static_cast<reason>(std::min(level, qos::at_least_once))
                                 : static_cast<reason>(level);
    };
    subscription_options two;
    two.level = qos::exactly_once;
    EXPECT_EQ(a.subscribe({{"no", two}, {"one", two}, {"two", two}, {"$share/g/no", two}}),
              "135,1,2,135");
    EXPECT_EQ(a.unsubscribe("no"), "17");
}

TEST_F(broker_rights, a_table_may_change_under_way) {
    all.rules.use_table({{"b", "a", "#"}});
    b.publish("t", "1", qos::at_least_once);
    all.rules.use_table({{"b", "c", "#"}});
    b.publish("t", "2", qos::at_least_once);
    all.rules.use_table({{"b", "a", "#"}});
    b.publish("t", "3", qos::at_least_once);
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1", "t 3 q1"));
    EXPECT_THAT(all.rules.losses, ElementsAre(Pair("not connected: t for c", 1)));
    EXPECT_TRUE(a.connected());
}

TEST_F(broker_rights, clients_can_be_closed_by_what_they_are) {
    auto& c = all.client("c");
    c.connect();
    auto close = [&](const char* id, bool end_session) {
        all.home(id).close_where([&](const client_info& who) { return who.id == id; },
                                 reason::administrative_action, "a test", end_session);
        all.settle();
    };
    a.heard();
    close("a", false);
    EXPECT_THAT(a.heard(), ElementsAre("DISCONNECT administrative action", "CLOSED"));
    EXPECT_EQ(a.connect(kept(v5)), "CONNACK present");
    close("a", true);
    EXPECT_EQ(all.sessions(), 2U);
    EXPECT_EQ(a.connect(kept(v5)), "CONNACK");
    a.cut();
    close("a", true);  // away
    EXPECT_EQ(all.sessions(), 2U);
    c.heard();
    close("c", false);
    EXPECT_THAT(c.heard(), ElementsAre("CLOSED"));
    EXPECT_TRUE(b.connected());
}

}  // namespace
}  // namespace evergrass::mqtt::testing
