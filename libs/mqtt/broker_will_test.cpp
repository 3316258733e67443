#include "libs/mqtt/testing/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Wills (3.1.2.5, 3.1.3.2).
namespace evergrass::mqtt::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto v5 = protocol_version::v5;

class broker_will : public ::testing::Test {
protected:
    broker_will() {
        watcher.connect({v5});
        watcher.subscribe("w/#", qos::exactly_once);
    }
    static connect_settings with_will(protocol_version version = v5, std::uint32_t delay = 0,
                                      bool stays = false) {
        connect_settings settings{version, !stays};
        settings.expiry = stays ? 3'600 : 0;
        settings.will = will_settings{"w/a", "gone", qos::at_least_once, false, delay};
        return settings;
    }

    world all;
    scripted_client& watcher = all.client("watcher");
    scripted_client& a = all.client("a");
};

TEST_F(broker_will, is_published_when_the_connection_breaks) {
    for (const auto version : {protocol_version::v3_1_1, v5}) {
        a.connect(with_will(version));
        EXPECT_THAT(watcher.messages(), IsEmpty());
        a.cut();
        EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
    }
}

TEST_F(broker_will, is_not_published_after_a_goodbye) {
    for (const auto version : {protocol_version::v3_1_1, v5}) {
        a.connect(with_will(version));
        a.disconnect();
        EXPECT_THAT(watcher.messages(), IsEmpty());
    }
}

TEST_F(broker_will, is_published_after_a_disconnect_that_asks_for_it_or_tells_of_a_fault) {
    for (const auto code : {reason::disconnect_with_will, reason::unspecified_error}) {
        a.connect(with_will());
        a.disconnect(code);
        EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
        EXPECT_THAT(a.heard(), ElementsAre("CONNACK", "CLOSED"));
    }
}

TEST_F(broker_will, is_published_when_the_client_breaks_the_protocol_or_is_silent) {
    auto settings = with_will();
    settings.keep_alive = 10;
    a.connect(settings);
    a.say("\xf0\x01\xff");
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
    a.connect(settings);
    all.advance(15s);
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
}

TEST_F(broker_will, is_published_when_another_connection_takes_over) {
    auto& other = all.client("a");
    for (const bool stays : {false, true}) {
        a.connect(with_will(v5, 0, stays));
        other.connect(kept(v5));
        EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
    }
}

TEST_F(broker_will, waits_for_its_delay_while_the_session_lives) {
    a.connect(with_will(v5, 60, true));
    a.cut();
    all.advance(59s);
    EXPECT_THAT(watcher.messages(), IsEmpty());
    all.advance(1s);
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
    all.advance(2h);
    EXPECT_THAT(watcher.messages(), IsEmpty());
}

TEST_F(broker_will, is_taken_back_when_the_client_returns_in_time) {
    a.connect(with_will(v5, 60, true));
    a.cut();
    all.advance(59s);
    a.connect(kept(v5));
    all.advance(2h);
    a.disconnect();
    EXPECT_THAT(watcher.messages(), IsEmpty());
    // Also when it never was away.
    auto& other = all.client("a");
    a.connect(with_will(v5, 60, true));
    other.connect(kept(v5));
    all.advance(2h);
    EXPECT_THAT(watcher.messages(), IsEmpty());
}

TEST_F(broker_will, is_published_at_the_end_of_the_session_though_its_delay_is_longer) {
    auto settings = with_will(v5, 7'200, true);
    a.connect(settings);
    a.cut();
    all.advance(3'599s);
    EXPECT_THAT(watcher.messages(), IsEmpty());
    all.advance(1s);
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
    // A clean start ends the session too.
    a.connect(settings);
    a.cut();
    a.connect({v5});
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
    a.connect(with_will(v5, 60, false));  // no session: no delay
    a.cut();
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1"));
}

TEST_F(broker_will, lives_as_long_as_its_expiry_from_when_it_is_published) {
    auto settings = with_will(v5, 60, true);
    settings.will->expiry = 10;
    a.connect(settings);
    all.advance(1h);
    a.cut();
    all.advance(60s);
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1 expires10"));
    settings.will->delay = 0;
    a.connect(settings);
    all.advance(1h);
    a.cut();
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1 expires10"));
    settings.will->delay = 60;
    a.connect(settings);
    a.cut();
    all.advance(5s);
    a.connect({v5});  // ends the session before the delay has passed
    EXPECT_THAT(watcher.messages(), ElementsAre("w/a gone q1 expires10"));
}

TEST_F(broker_will, may_have_the_longest_times_there_are) {
    connect_settings settings{v5, false};
    settings.expiry = 0xFFFF'FFFF;
    settings.will =
        will_settings{"w/a", "gone", qos::at_most_once, false, 0xFFFF'FFFF, 0xFFFF'FFFF};
    a.connect(settings);
    a.cut();
    all.advance(24h);
    EXPECT_THAT(watcher.messages(), IsEmpty());
    a.connect({v5});
    EXPECT_EQ(watcher.messages().size(), 1U);
}

TEST_F(broker_will, is_retained_if_it_says_so) {
    auto settings = with_will();
    settings.will->retain = true;
    a.connect(settings);
    a.cut();
    auto& late = all.client("late");
    late.connect({v5});
    late.subscribe("w/a", qos::at_least_once);
    EXPECT_THAT(late.messages(), ElementsAre("w/a gone q1 retain"));
}

TEST_F(broker_will, needs_the_right_to_be_published_when_it_is) {
    a.connect(with_will());
    all.rules.publishes = [](auto...) {
        return publish_verdict{publish_verdict::action::acknowledge, reason::not_authorized};
    };
    a.cut();
    EXPECT_THAT(watcher.messages(), IsEmpty());
}

TEST_F(broker_will, is_not_for_its_own_session_when_that_ends) {
    a.connect(with_will());
    a.subscribe("w/#", qos::at_least_once);
    a.subscribe("$share/g/w/#", qos::at_least_once);
    auto& member = all.client("member");
    member.connect({v5});
    member.subscribe("$share/g/w/#", qos::at_least_once);
    a.cut();
    EXPECT_THAT(all.rules.losses, IsEmpty());
    EXPECT_THAT(member.messages(), ElementsAre("w/a gone q1"));
}

TEST_F(broker_will, waits_in_its_own_session_when_that_is_kept) {
    a.connect(with_will(v5, 0, true));
    a.subscribe("w/#", qos::at_least_once);
    a.cut();
    a.connect(kept(v5));
    EXPECT_THAT(a.messages(), ElementsAre("w/a gone q1"));
}

TEST_F(broker_will, over_the_limits_is_refused_with_the_connection) {
    auto settings = with_will();
    settings.will->topic = std::string(257, 't');
    EXPECT_EQ(a.connect(settings), "CONNACK topic name invalid");
    settings.version = protocol_version::v3_1_1;
    EXPECT_EQ(a.connect(settings), "CONNACK server unavailable");
    EXPECT_EQ(all.sessions(), 1U);
    EXPECT_THAT(watcher.messages(), IsEmpty());
}

TEST_F(broker_will, of_a_client_that_is_refused_is_not_published) {
    all.rules.admits = [](auto...) { return admission{reason::not_authorized, nullptr}; };
    EXPECT_EQ(a.connect(with_will()), "CONNACK not authorized");
    EXPECT_THAT(watcher.messages(), IsEmpty());
}

TEST_F(broker_will, survives_a_restart_while_its_delay_runs) {
    world_settings settings;
    settings.journal = true;
    world saved(settings);
    auto& client = saved.client("a");
    client.connect(with_will(v5, 60, true));
    client.cut();
    saved.advance(10s);
    saved.crash();
    auto& other = saved.client("other");
    other.connect({v5});
    other.subscribe("w/#");
    saved.advance(49s);
    EXPECT_THAT(other.messages(), IsEmpty());
    saved.advance(1s);
    EXPECT_THAT(other.messages(), ElementsAre("w/a gone"));
    saved.crash();
    saved.advance(2h);
    EXPECT_EQ(saved.journal.now().sessions.size(), 0U);
}

TEST_F(broker_will, of_a_kept_session_waits_for_the_restart_when_the_server_stops) {
    world_settings settings;
    settings.journal = true;
    world saved(settings);
    auto& client = saved.client("a");
    client.connect(with_will(v5, 0, true));
    saved.restart();
    auto& other = saved.client("other");
    other.connect(kept(v5));
    other.subscribe("w/#");
    saved.advance(1ms);
    EXPECT_THAT(other.messages(), ElementsAre("w/a gone"));
}

class broker_will_elsewhere : public broker_will {
protected:
    static world_settings settings() {
        world_settings wanted;
        wanted.journal = true;
        wanted.options.wills_elsewhere = true;
        return wanted;
    }
    broker_will_elsewhere() {
        listener.connect({v5});
        listener.subscribe("w/#", qos::exactly_once);
        fleet.journal.wills.clear();
    }
    std::string due_in(std::chrono::seconds delay) const {
        const auto at = fleet.wall.time_since_epoch() + delay;
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(at).count());
    }

    world fleet{settings()};
    scripted_client& listener = fleet.client("listener");
    scripted_client& b = fleet.client("b");
};

TEST_F(broker_will_elsewhere, is_told_with_the_connection_and_with_its_end_and_not_published) {
    b.connect(with_will());
    b.cut();
    b.connect(with_will());
    b.disconnect();
    b.connect(with_will(v5, 30, true));
    b.cut();
    fleet.advance(60s);
    EXPECT_THAT(listener.messages(), IsEmpty());
    const auto begin =
        std::chrono::duration_cast<std::chrono::seconds>((fleet.wall - 60s).time_since_epoch())
            .count();
    EXPECT_THAT(
        fleet.journal.wills,
        ElementsAre("b w/a 0 s", "b left, due at " + std::to_string(begin), "b w/a 0 s", "b left",
                    "b w/a 30 s", "b left, due at " + std::to_string(begin + 30)));
}

TEST_F(broker_will_elsewhere, waits_no_longer_than_its_session_and_is_told_that_it_goes_on) {
    auto brief = with_will(v5, 7'200, true);  // the session: an hour
    b.connect(brief);
    b.cut();
    EXPECT_EQ(fleet.journal.wills.back(), "b left, due at " + due_in(3'600s));
    brief.will.reset();
    b.connect(brief);
    EXPECT_EQ(fleet.journal.wills.back(), "b nothing resumed");
    b.cut();
    EXPECT_EQ(fleet.journal.wills.back(), "b nothing resumed");
}

TEST_F(broker_will_elsewhere, is_saved_before_the_client_is_told_that_it_is_connected) {
    fleet.save_at_once(false);
    EXPECT_EQ(b.connect(with_will()), "");
    fleet.save();
    fleet.settle();
    EXPECT_THAT(b.heard(), Contains("CONNACK"));
}

}  // namespace
}  // namespace evergrass::mqtt::testing
