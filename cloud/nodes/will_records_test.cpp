#include "cloud/nodes/will_records.hpp"

#include "cloud/bus/envelope.hpp"
#include "cloud/iot/hub_policy.hpp"
#include "cloud/nodes/new_store_fixture.hpp"
#include "cloud/nodes/session_records.hpp"
#include "cloud/nodes/shared_sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const wall_time now{std::chrono::milliseconds(1'700'000'000'000)};

class wills_of_the_store : public new_store_fixture {
protected:
    static session_change change(will_change what) {
        session_change made;
        made.what = session_change::kind::will;
        made.client_id = what.client_id;
        made.epoch = what.epoch;
        made.will = std::move(what);
        return made;
    }
    void write(const std::string& node, will_change what) {
        what.client_id = "client";
        what.now = now;
        const auto made = change(std::move(what));
        const auto written = write_changes(*state_, node, {&made, 1});
        ASSERT_TRUE(written) << written.error().message();
    }
    // The client comes to `node`, with a will or without one.
    void comes(const std::string& node, bus::position epoch, std::optional<std::uint32_t> delay,
               bool resumed = true) {
        will_change what;
        what.epoch = epoch;
        what.resumed = resumed;
        if (delay) {
            stored_will will;
            will.delay = *delay;
            will.message = "m" + std::to_string(epoch);
            what.given = std::move(will);
        }
        write(node, std::move(what));
    }
    void leaves(const std::string& node, bus::position epoch, std::optional<wall_time> due) {
        will_change what;
        what.has_left = true;
        what.epoch = epoch;
        what.due = due;
        write(node, std::move(what));
    }
    std::vector<std::string> due(wall_time at) {
        std::vector<std::string> messages;
        const auto found = due_wills(*state_, at);
        EXPECT_TRUE(found);
        for (const auto& each : *found) {
            messages.push_back(each.message);
        }
        return messages;
    }
    bool any() { return *has_wills(*state_, "client"); }
};

TEST_F(wills_of_the_store, are_due_after_the_end_of_their_connections_and_once) {
    EXPECT_FALSE(any());
    comes("a", 5, 10);
    EXPECT_THAT(due(now + 1h), IsEmpty());
    leaves("a", 5, now + 10s);
    EXPECT_THAT(due(now + 9s), IsEmpty());
    EXPECT_THAT(due(now + 10s), ElementsAre("m5"));
    ASSERT_TRUE(remove_will(*state_, "client", 5));
    EXPECT_THAT(due(now + 1h), IsEmpty());
    leaves("a", 5, now);  // said again
    EXPECT_FALSE(any());
}

TEST_F(wills_of_the_store, are_gone_with_a_goodbye) {
    comes("a", 5, 0);
    EXPECT_TRUE(any());
    leaves("a", 5, std::nullopt);
    EXPECT_FALSE(any());
}

TEST_F(wills_of_the_store, with_a_delay_are_void_when_the_session_goes_on_anywhere) {
    comes("a", 5, 10);
    leaves("a", 5, now + 10s);
    comes("b", 6, std::nullopt);
    EXPECT_FALSE(any());
    // Also where the first service does not know yet that its client has left.
    comes("b", 7, 10);
    comes("c", 8, 20);
    leaves("b", 7, now + 10s);
    EXPECT_THAT(due(now + 1h), IsEmpty());
    leaves("c", 8, now + 20s);
    EXPECT_THAT(due(now + 1h), ElementsAre("m8"));
}

TEST_F(wills_of_the_store, with_a_delay_are_due_at_once_when_another_session_begins) {
    comes("a", 5, 10);
    leaves("a", 5, now + 10s);
    comes("b", 6, std::nullopt, /*resumed=*/false);
    EXPECT_THAT(due(now), ElementsAre("m5"));
}

TEST_F(wills_of_the_store, without_a_delay_are_due_when_another_service_takes_over) {
    comes("a", 5, 0);
    comes("b", 6, 0);
    EXPECT_THAT(due(now + 1h), IsEmpty());
    leaves("a", 5, now);
    EXPECT_THAT(due(now), ElementsAre("m5"));
}

TEST_F(wills_of_the_store, of_a_silent_node_are_due_from_when_it_was_there_last) {
    ASSERT_TRUE(write_position(*state_, "a", now, 20, {}));
    comes("a", 5, 30);
    ASSERT_TRUE(end_silent_nodes(*state_, now));
    EXPECT_THAT(due(now + 1h), IsEmpty());
    ASSERT_TRUE(end_silent_nodes(*state_, now + 15s));
    EXPECT_THAT(due(now + 29s), IsEmpty());
    EXPECT_THAT(due(now + 30s), ElementsAre("m5"));
    // It was cut off only, and has said so again since: of the client that is there.
    comes("a", 5, 30);
    EXPECT_THAT(due(now + 1h), IsEmpty());
}

TEST_F(wills_of_the_store, of_a_silent_node_are_void_where_the_client_is_back) {
    ASSERT_TRUE(write_position(*state_, "a", now, 20, {}));
    comes("a", 5, 0);
    comes("b", 6, 0);
    ASSERT_TRUE(end_silent_nodes(*state_, now + 15s));
    EXPECT_THAT(due(now + 1h), IsEmpty());
    leaves("b", 6, now);
    EXPECT_THAT(due(now), ElementsAre("m6"));
}

TEST_F(wills_of_the_store, that_come_late_are_not_of_a_session_that_is_elsewhere) {
    session_change begun;
    begun.client_id = "client";
    begun.epoch = 9;
    begun.expiry_seconds = 60;
    ASSERT_TRUE(write_changes(*state_, "b", {&begun, 1}));
    comes("a", 5, 10);
    EXPECT_FALSE(any());
}

TEST_F(wills_of_the_store, of_another_stream_are_before_all_that_comes) {
    comes("a", 50, 10);
    leaves("a", 50, now + 10s);
    ASSERT_TRUE(forget_positions(*state_));
    EXPECT_THAT(due(now + 10s), ElementsAre("m50"));
    comes("a", 1, std::nullopt);
    EXPECT_FALSE(any());
}

TEST_F(wills_of_the_store, know_who_may_publish_them) {
    mqtt::client_identity device;
    device.certificate_id = "c0ffee";
    EXPECT_EQ(parse_principal(principal_text(device)).certificate_id, "c0ffee");
    mqtt::client_identity user;
    access_key_principal key;
    key.access_key_id = "AKIA";
    key.role = access_role::operate;
    user.attachment = std::make_shared<const access_key_principal>(key);
    const auto read = parse_principal(principal_text(user));
    ASSERT_TRUE(read.attachment);
    const auto& its = *static_cast<const access_key_principal*>(read.attachment.get());
    EXPECT_EQ(its.access_key_id, "AKIA");
    EXPECT_EQ(its.role, access_role::operate);
}

TEST_F(wills_of_the_store, with_a_principal_that_is_damaged_are_of_nobody) {
    for (const auto* each : {"", "x", "key:", "key:admin", "key:king:AKIA", "c0ffee"}) {
        const auto who = parse_principal(each);
        EXPECT_FALSE(who.certificate_id) << each;
        EXPECT_FALSE(who.attachment) << each;
    }
}

TEST_F(wills_of_the_store, are_written_by_the_sessions_of_a_service_and_said_when_they_are_due) {
    const clock time;
    const auto sessions = *shared_sessions::open(*state_, "a", time, logger(), 100);
    std::promise<void> told;
    sessions->on_will_due([&] { told.set_value(); });
    auto message = std::make_shared<mqtt::stored_message>();
    message->topic = "w";
    message->payload = std::make_shared<const std::string>("gone");
    message->level = mqtt::qos::at_least_once;
    message->expires_at = now + 7s;
    mqtt::client_info who;
    who.id = "client";
    who.identity.certificate_id = "c0ffee";
    sessions->adopted("client", 5, {});
    EXPECT_EQ(sessions->will_begun(who, std::nullopt, 0, true), 0U);  // nothing is known of any
    sessions->will_begun(who, mqtt::session_journal::will{message, now}, 0, true);
    sessions->will_left("client", time.now());
    sessions->will_left("client", time.now());  // of a connection without one
    told.get_future().wait();
    const auto found = *due_wills(*state_, time.now());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].epoch, 5U);
    EXPECT_EQ(found[0].lifetime, 7'000);
    EXPECT_EQ(found[0].principal, "certificate:c0ffee");
    const auto said = decode_envelope(found[0].message);
    ASSERT_TRUE(said && said->message);
    EXPECT_EQ(*said->message->payload, "gone");
    EXPECT_FALSE(said->message->expires_at);
    sessions->on_will_due(nullptr);
    EXPECT_TRUE(sessions->stop());
}

}  // namespace
}  // namespace evergrass::cloud
