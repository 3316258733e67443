#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

// Shares of which some members may be at other servers: a message comes by its turn, which is done
// when its client has it, or goes on.
namespace evergrass::mqtt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto v5 = protocol_version::v5;
constexpr auto at_least_once = qos::at_least_once;

// What is elsewhere: who is told to be here, and what became of each turn.
class fake_exchange final : public share_exchange {
public:
    void joined(const std::string& filter, const std::string& client_id, bool kept,
                const receipt& ready) override {
        members.insert(client_id + " " + filter + (kept ? " kept" : ""));
        if (!is_ready) {
            waiting.push_back(ready);
        }
    }
    void left(const std::string& filter, const std::string& client_id) override {
        members.erase(client_id + " " + filter);
        members.erase(client_id + " " + filter + " kept");
    }

    struct turn final : share_turn {
        turn(fake_exchange& o, std::string w) : of(o), what(std::move(w)) {}
        ~turn() override {
            if (!is_done) {
                of.passed_on.push_back(what);
            }
        }
        void done() override {
            is_done = true;
            of.done.push_back(what);
        }
        fake_exchange& of;
        const std::string what;
        bool is_done = false;
    };

    std::multiset<std::string> members;
    std::vector<std::string> done;
    std::vector<std::string> passed_on;
    bool is_ready = true;
    std::vector<receipt> waiting;
};

class broker_turns_test : public ::testing::TestWithParam<std::size_t> {
protected:
    static world_settings settings(fake_exchange& exchange) {
        world_settings wanted;
        wanted.shards = GetParam();
        wanted.journal = true;
        wanted.exchange = &exchange;
        return wanted;
    }
    // As server::take_turn, once for each.
    void take(std::vector<std::string> payloads, qos level = at_least_once) {
        for (const auto& each : payloads) {
            all.at(0).take_turn("$share/g/t", all.message("t", each, level),
                                std::make_shared<fake_exchange::turn>(elsewhere, each));
            all.settle();
        }
    }

    fake_exchange elsewhere;
    world all{settings(elsewhere)};
    scripted_client& a = all.client("a");
    scripted_client& b = all.client("b");
};
INSTANTIATE_TEST_SUITE_P(shards, broker_turns_test, ::testing::Values(1, 3));

TEST_P(broker_turns_test, are_done_when_the_one_whose_turn_it_is_has_acknowledged) {
    for (auto* each : {&a, &b}) {
        each->connect({v5});
        each->subscribe("$share/g/t", at_least_once);
    }
    a.acknowledges = false;
    take({"1", "2", "3"});
    EXPECT_THAT(a.messages(), ElementsAre("t 1 q1", "t 3 q1"));
    EXPECT_THAT(b.messages(), ElementsAre("t 2 q1"));
    EXPECT_THAT(elsewhere.done, ElementsAre("2"));
    a.acknowledge(a.unacknowledged().front());
    EXPECT_THAT(elsewhere.done, ElementsAre("2", "1"));
    EXPECT_THAT(elsewhere.passed_on, IsEmpty());
}

TEST_P(broker_turns_test, at_qos_0_are_done_when_they_are_sent) {
    a.connect({v5});
    a.subscribe("$share/g/t", at_least_once);
    take({"1"}, qos::at_most_once);
    b.connect({v5});
    b.subscribe("$share/g/t", qos::at_most_once);
    a.disconnect();
    take({"2"});
    EXPECT_THAT(a.messages(), ElementsAre("t 1"));
    EXPECT_THAT(b.messages(), ElementsAre("t 2"));
    EXPECT_THAT(elsewhere.done, ElementsAre("1", "2"));
}

TEST_P(broker_turns_test, that_a_client_did_not_acknowledge_go_on_when_its_connection_breaks) {
    a.connect(kept(v5));
    a.subscribe("$share/g/t", at_least_once);
    a.acknowledges = false;
    take({"1", "2"});
    a.cut();
    EXPECT_THAT(elsewhere.passed_on, ElementsAre("1", "2"));
    EXPECT_THAT(elsewhere.done, IsEmpty());
    a.messages();
    a.acknowledges = true;
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), IsEmpty());  // others have them
    take({"3"});
    EXPECT_THAT(a.messages(), ElementsAre("t 3 q1"));
    EXPECT_THAT(elsewhere.done, ElementsAre("3"));
}

TEST_P(broker_turns_test, do_not_wait_here_for_a_member_that_is_away) {
    a.connect(kept(v5));
    a.subscribe("$share/g/t", at_least_once);
    a.disconnect();
    take({"1"});
    EXPECT_THAT(elsewhere.passed_on, ElementsAre("1"));
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), IsEmpty());
}

TEST_P(broker_turns_test, of_nobody_who_may_receive_them_go_on) {
    for (auto* each : {&a, &b}) {
        each->connect({v5});
        each->subscribe("$share/g/t", at_least_once);
    }
    all.rules.set_rights([](auto who, auto, auto) { return who == "b"; });
    take({"1", "2"});
    EXPECT_THAT(a.messages(), IsEmpty());
    EXPECT_THAT(b.messages(), SizeIs(2));
    all.rules.set_rights([](auto...) { return false; });
    take({"3"});
    EXPECT_THAT(elsewhere.passed_on, ElementsAre("3"));
}

TEST_P(broker_turns_test, go_on_where_a_queue_is_full_and_are_not_lost) {
    all.options.max_queued_bytes = 100;
    a.connect({v5});
    a.subscribe("$share/g/t", at_least_once);
    a.acknowledges = false;
    const std::string large(60, 'x');
    take({large, large});
    EXPECT_THAT(elsewhere.passed_on, ElementsAre(large));
    EXPECT_THAT(all.rules.losses, IsEmpty());
}

TEST_P(broker_turns_test, that_expired_are_done_and_counted) {
    a.connect({v5});
    a.subscribe("$share/g/t", at_least_once);
    auto old = std::make_shared<stored_message>(*all.message("t", "1", at_least_once));
    old->expires_at = all.wall;
    all.at(0).take_turn("$share/g/t", old, std::make_shared<fake_exchange::turn>(elsewhere, "1"));
    all.settle();
    EXPECT_THAT(a.messages(), IsEmpty());
    EXPECT_THAT(elsewhere.done, ElementsAre("1"));
    EXPECT_THAT(all.rules.losses, ElementsAre(::testing::Pair("expired: t for a", 1)));
}

TEST_P(broker_turns_test, come_to_those_who_are_connected_and_share) {
    a.connect(kept(v5));
    a.subscribe("$share/g/t", at_least_once);
    b.connect({v5});
    b.subscribe("$share/g/t", at_least_once);
    EXPECT_THAT(elsewhere.members, ElementsAre("a $share/g/t kept", "b $share/g/t"));
    a.disconnect();
    b.unsubscribe("$share/g/t");
    EXPECT_THAT(elsewhere.members, IsEmpty());
    a.connect(kept(v5));
    EXPECT_THAT(elsewhere.members, ElementsAre("a $share/g/t kept"));
    a.connect({v5});  // without its session
    EXPECT_THAT(elsewhere.members, IsEmpty());
}

TEST_P(broker_turns_test, are_subscribed_to_when_they_come_here) {
    elsewhere.is_ready = false;
    a.connect({v5});
    EXPECT_EQ(a.subscribe("$share/g/t", at_least_once), "");
    ASSERT_THAT(elsewhere.waiting, SizeIs(1));
    elsewhere.waiting.clear();
    all.settle();
    EXPECT_THAT(a.heard(), ::testing::Contains(::testing::HasSubstr("SUBACK")));
}

}  // namespace
}  // namespace evergrass::mqtt::testing
