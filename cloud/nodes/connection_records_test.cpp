#include "cloud/nodes/connection_records.hpp"

#include "cloud/nodes/new_store_fixture.hpp"
#include "cloud/nodes/session_records.hpp"
#include "cloud/nodes/shared_sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const wall_time now{std::chrono::milliseconds(1'700'000'000'000)};

class connections_of_the_store : public new_store_fixture {
protected:
    static client_connection connection(bus::position epoch, const std::string& client = "client") {
        return {client, "certificate", {"session", static_cast<std::int64_t>(epoch)}};
    }
    void comes(const std::string& node, bus::position epoch, wall_time at = now,
               const std::string& client = "client") {
        write(node, {false, connection(epoch, client), at});
    }
    void leaves(const std::string& node, bus::position epoch) {
        write(node, {true, connection(epoch), now});
    }
    // The node says that it is there, for the last time, and the one that leads finds it gone.
    void is_there(const std::string& node, wall_time at = now) {
        ASSERT_TRUE(write_position(*state_, node, at, 1, {}));
    }
    void find_gone(wall_time before) { ASSERT_TRUE(end_silent_nodes(*state_, before)); }
    std::vector<std::string> lost() {
        std::vector<std::string> names;
        const auto found = lost_connections(*state_);
        EXPECT_TRUE(found);
        for (const auto& each : *found) {
            names.push_back(each.which.client_id + " " + std::to_string(each.which.label.version));
        }
        return names;
    }

private:
    void write(const std::string& node, connection_change what) {
        session_change change;
        change.what = session_change::kind::connection;
        change.client_id = what.which.client_id;
        change.connection = std::move(what);
        const auto written = write_changes(*state_, node, {&change, 1});
        ASSERT_TRUE(written) << written.error().message();
    }
};

TEST_F(connections_of_the_store, are_lost_when_their_service_was_last_there) {
    comes("a", 5, now - 60s);
    is_there("a", now);
    find_gone(now);
    EXPECT_THAT(lost(), IsEmpty());
    find_gone(now + 1ms);
    const auto found = lost_connections(*state_);
    ASSERT_TRUE(found && found->size() == 1);
    const auto& one = found->front();
    EXPECT_EQ(one.which.client_id, "client");
    EXPECT_EQ(one.which.principal, "certificate");
    EXPECT_EQ(one.which.label.id, "session");
    EXPECT_EQ(one.which.label.version, 5);
    EXPECT_EQ(one.at, now);
    ASSERT_TRUE(forget_lost_connection(*state_, one.which));
    EXPECT_THAT(lost(), IsEmpty());
}

TEST_F(connections_of_the_store, are_not_lost_before_they_came) {
    is_there("a", now);
    comes("a", 5, now + 500ms);
    find_gone(now + 1s);
    EXPECT_EQ(lost_connections(*state_)->front().at, now + 500ms);
}

TEST_F(connections_of_the_store, that_ended_or_are_at_another_service_are_not_lost) {
    comes("a", 5);
    leaves("a", 5);
    comes("b", 6, now, "other");
    is_there("a");
    find_gone(now + 1s);
    EXPECT_THAT(lost(), IsEmpty());
}

TEST_F(connections_of_the_store,
       are_void_when_the_client_is_back_before_the_service_is_found_gone) {
    comes("a", 5);
    is_there("a");
    comes("b", 6);
    find_gone(now + 1s);
    EXPECT_THAT(lost(), IsEmpty());
    // What the dead one, or the one before, had still to say changes nothing.
    leaves("a", 5);
    comes("a", 5);
    is_there("b", now + 2s);
    find_gone(now + 3s);
    EXPECT_THAT(lost(), ElementsAre("client 6"));
}

TEST_F(connections_of_the_store, are_void_when_the_client_is_back_before_it_was_said) {
    comes("a", 5);
    is_there("a");
    find_gone(now + 1s);
    EXPECT_THAT(lost(), ElementsAre("client 5"));
    comes("b", 6);
    EXPECT_THAT(lost(), IsEmpty());
}

// It was only cut off: the row is its own again, and is not what has just been said.
TEST_F(connections_of_the_store, are_there_again_when_their_service_is) {
    comes("a", 5);
    is_there("a");
    find_gone(now + 1s);
    comes("a", 5);
    ASSERT_TRUE(forget_lost_connection(*state_, connection(5)));
    is_there("a", now + 2s);
    find_gone(now + 3s);
    EXPECT_THAT(lost(), ElementsAre("client 5"));
}

TEST_F(connections_of_the_store, keep_their_service_known_that_could_not_say_that_they_ended) {
    comes("a", 5);
    is_there("a");
    ASSERT_TRUE(remove_node(*state_, "a"));
    find_gone(now + 1s);
    EXPECT_THAT(lost(), ElementsAre("client 5"));
}

TEST_F(connections_of_the_store, of_another_stream_say_nothing) {
    comes("a", 5);
    is_there("a");
    ASSERT_TRUE(forget_positions(*state_));
    find_gone(now + 1s);
    EXPECT_THAT(lost(), IsEmpty());
}

TEST_F(connections_of_the_store, are_told_again_by_a_service_that_was_only_cut_off) {
    const clock time;
    std::promise<void> told;
    const auto sessions = *shared_sessions::open(*state_, "a", time, logger(), 100);
    sessions->on_taken_for_gone([&] { told.set_value(); });
    sessions->adopted("client", 7, {});
    EXPECT_EQ(sessions->epoch_of("client"), 7U);
    EXPECT_EQ(sessions->epoch_of("nobody"), 0U);
    sessions->connected(connection(7));
    find_gone(time.now() + 1h);
    told.get_future().get();
    sessions->on_taken_for_gone(nullptr);
    sessions->connected(connection(7));
    sessions->disconnected(connection(7));
    ASSERT_TRUE(sessions->stop());
    find_gone(time.now() + 2h);
    EXPECT_THAT(lost(), IsEmpty());
}

}  // namespace
}  // namespace evergrass::cloud
