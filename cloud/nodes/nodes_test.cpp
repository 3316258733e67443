#include "cloud/bus/envelope.hpp"
#include "cloud/nodes/replay.hpp"
#include "cloud/nodes/session_records.hpp"
#include "cloud/nodes/shared_sessions.hpp"
#include "cloud/store/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <stdlib.h>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using kind = session_change::kind;
using testing::ElementsAre;
using testing::Pair;

placed_message placed(bus::position at, std::string topic,
                      mqtt::qos level = mqtt::qos::at_least_once) {
    auto made = std::make_shared<mqtt::stored_message>();
    made->topic = std::move(topic);
    made->payload = std::make_shared<const std::string>("payload");
    made->level = level;
    made->source = "publisher";
    return {at, made};
}

stored_session::held held(std::string filter, bus::position since = 0,
                          mqtt::qos level = mqtt::qos::at_least_once, std::uint32_t id = 0) {
    mqtt::session_journal::subscription what;
    what.filter = std::move(filter);
    what.options.level = level;
    what.subscription_id = id;
    return {what, since};
}

stored_session session_with(std::vector<stored_session::held> subscriptions,
                            bus::position low = 0) {
    stored_session session;
    session.client_id = "client";
    session.expiry_seconds = 60;
    session.low = low;
    session.subscriptions = std::move(subscriptions);
    return session;
}

std::vector<bus::position> places_of(const replayed_session& made) {
    std::vector<bus::position> places;
    for (const auto& [order, at] : made.places) {
        places.push_back(at);
    }
    return places;
}

constexpr std::size_t room = 1'000;
const wall_time now{std::chrono::milliseconds(1'700'000'000'000)};

TEST(replay, is_what_matches_after_the_place_up_to_which_the_client_has_all) {
    const auto made = replay(
        session_with({held("a/+")}, 2),
        {placed(1, "a/1"), placed(2, "a/2"), placed(3, "a/3"), placed(4, "b/4"), placed(6, "a/6")},
        now, room, false);
    EXPECT_THAT(made.places, ElementsAre(Pair(1, 3), Pair(2, 6)));
    EXPECT_EQ(made.kept.client_id, "client");
    EXPECT_EQ(made.kept.expiry_seconds, 60U);
    EXPECT_EQ(made.kept.left_at, now);
    ASSERT_EQ(made.kept.deliveries.size(), 2U);
    EXPECT_EQ(made.kept.deliveries[0].message->topic, "a/3");
    EXPECT_NE(made.kept.deliveries[0].packet_id, made.kept.deliveries[1].packet_id);
}

TEST(replay, has_nothing_of_before_a_subscription) {
    const auto made = replay(
        session_with({held("a/+", 5), held("a/1", 2)}),
        {placed(1, "a/1"), placed(3, "a/1"), placed(4, "a/2"), placed(6, "a/2")}, now, room, false);
    EXPECT_THAT(places_of(made), ElementsAre(3, 6));
}

TEST(replay, takes_a_message_once_with_the_highest_level_and_all_identifiers) {
    const auto made = replay(session_with({held("a/#", 0, mqtt::qos::at_most_once, 7),
                                           held("a/1", 0, mqtt::qos::at_least_once, 8)}),
                             {placed(1, "a/1"), placed(2, "a/2")}, now, room, false);
    ASSERT_EQ(made.kept.deliveries.size(), 1U);
    EXPECT_EQ(made.kept.deliveries[0].level, mqtt::qos::at_least_once);
    EXPECT_THAT(made.kept.deliveries[0].subscription_ids, ElementsAre(7, 8));
}

TEST(replay, leaves_out_what_expired_what_was_at_qos_0_and_ones_own_where_it_is_not_wanted) {
    auto expired = std::make_shared<mqtt::stored_message>(*placed(1, "a").message);
    expired->expires_at = now;
    auto own = held("b");
    own.what.options.no_local = true;
    auto from_client = std::make_shared<mqtt::stored_message>(*placed(1, "b").message);
    from_client->source = "client";
    const auto made = replay(
        session_with({held("a"), own}),
        {{1, expired}, placed(2, "a", mqtt::qos::at_most_once), {3, from_client}, placed(4, "b")},
        now, room, false);
    EXPECT_THAT(places_of(made), ElementsAre(4));
}

TEST(replay, has_aws_iots_rule_for_the_parent_of_a_hash) {
    const auto session = session_with({held("a/b/#")});
    const std::vector<placed_message> all = {placed(1, "a/b"), placed(2, "a/b/c")};
    EXPECT_THAT(places_of(replay(session, all, now, room, false)), ElementsAre(2));
    EXPECT_THAT(places_of(replay(session, all, now, room, true)), ElementsAre(1, 2));
}

TEST(replay, drops_and_counts_what_has_no_room) {
    const auto size = placed(1, "a").message->bytes();
    const auto made =
        replay(session_with({held("a")}), {placed(1, "a"), placed(2, "a"), placed(3, "a")}, now,
               2 * size, false);
    EXPECT_THAT(places_of(made), ElementsAre(1, 2));
    EXPECT_EQ(made.dropped, 1U);
}

// What is retained: the payload by topic.
retained_lookup retains(std::map<std::string, mqtt::message_ptr> all) {
    return [all = std::move(all)](const std::string& topic) {
        const auto found = all.find(topic);
        return found == all.end() ? nullptr : found->second;
    };
}

mqtt::message_ptr retained_message(std::string topic, mqtt::qos level = mqtt::qos::at_least_once) {
    auto made = std::make_shared<mqtt::stored_message>(*placed(0, std::move(topic), level).message);
    made->retain = true;
    return made;
}

stored_session::held under_way(std::string filter, bus::position since = 0, std::uint32_t id = 0) {
    auto one = held(std::move(filter), since, mqtt::qos::at_least_once, id);
    one.retained = true;
    return one;
}

TEST(replay, begins_with_the_retained_message_that_was_under_way) {
    const auto message = retained_message("a");
    const auto made =
        replay(session_with({held("b"), under_way("a", 0, 9), under_way("gone")}), {placed(3, "b")},
               now, room, false, retains({{"a", message}, {"b", message}}));
    ASSERT_EQ(made.kept.deliveries.size(), 2U);
    const auto& first = made.kept.deliveries[0];
    EXPECT_EQ(first.message, message);
    EXPECT_TRUE(first.retain);
    EXPECT_EQ(first.level, mqtt::qos::at_least_once);
    EXPECT_THAT(first.subscription_ids, ElementsAre(9));
    EXPECT_THAT(made.retained, ElementsAre(Pair(1, "a")));
    EXPECT_THAT(made.places, ElementsAre(Pair(2, 3)));
}

TEST(replay, has_a_retained_message_once_where_a_newer_one_of_its_topic_waits) {
    const auto newer = retained_message("a");
    const auto made = replay(session_with({under_way("a", 2)}), {{3, newer}}, now, room, false,
                             retains({{"a", newer}}));
    EXPECT_THAT(made.places, ElementsAre(Pair(1, 3)));
    EXPECT_THAT(made.retained, ElementsAre());
    const auto older = replay(session_with({under_way("a", 3)}), {{3, newer}}, now, room, false,
                              retains({{"a", newer}}));
    EXPECT_THAT(older.places, ElementsAre());
    EXPECT_THAT(older.retained, ElementsAre(Pair(1, "a")));
}

TEST(replay, has_no_retained_message_at_qos_0_of_ones_own_or_that_expired) {
    auto expired = std::make_shared<mqtt::stored_message>(*retained_message("old"));
    expired->expires_at = now;
    auto from_client = std::make_shared<mqtt::stored_message>(*retained_message("own"));
    from_client->source = "client";
    auto own = under_way("own");
    own.what.options.no_local = true;
    const auto made =
        replay(session_with({under_way("said"), own, under_way("old")}), {}, now, room, false,
               retains({{"said", retained_message("said", mqtt::qos::at_most_once)},
                        {"own", from_client},
                        {"old", expired}}));
    EXPECT_TRUE(made.kept.deliveries.empty());
    EXPECT_TRUE(made.retained.empty());
    EXPECT_EQ(made.dropped, 0U);
}

class session_records : public testing::Test {
protected:
    session_records() {
        std::string pattern = (std::filesystem::temp_directory_path() / "nodes-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        state_ = *store::open((folder_ / "service.db").string());
    }
    ~session_records() override {
        state_.reset();
        std::filesystem::remove_all(folder_);
    }

    static session_change change(kind what, bus::position epoch) {
        session_change made;
        made.what = what;
        made.client_id = "client";
        made.epoch = epoch;
        made.expiry_seconds = 60;
        made.at = now;
        return made;
    }
    static session_change subscribed(bus::position epoch, std::string filter, bus::position since) {
        auto made = change(kind::subscribed, epoch);
        made.subscription.filter = std::move(filter);
        made.subscription.options.level = mqtt::qos::at_least_once;
        made.subscription.options.no_local = true;
        made.subscription.options.retained = mqtt::retain_handling::do_not_send;
        made.subscription.subscription_id = 9;
        made.since = since;
        return made;
    }
    static session_change left(bus::position epoch, bus::position low) {
        auto made = change(kind::left, epoch);
        made.low = low;
        return made;
    }
    void write(std::vector<session_change> all, const std::string& node = "a") {
        const auto written = write_changes(*state_, node, all);
        ASSERT_TRUE(written) << written.error().message();
    }
    std::optional<stored_session> load(wall_time at = now) {
        auto loaded = load_session(*state_, "client", at);
        EXPECT_TRUE(loaded);
        return loaded ? *loaded : std::nullopt;
    }

    std::filesystem::path folder_;
    std::unique_ptr<store> state_;
};

TEST_F(session_records, keep_a_session_with_what_it_subscribed_to) {
    write({change(kind::begun, 5), subscribed(5, "a/+", 7), left(5, 8)});
    const auto session = load();
    ASSERT_TRUE(session);
    EXPECT_EQ(session->low, 8U);
    ASSERT_EQ(session->subscriptions.size(), 1U);
    const auto& one = session->subscriptions[0];
    EXPECT_EQ(one.what.filter, "a/+");
    EXPECT_EQ(one.since, 7U);
    EXPECT_EQ(one.what.subscription_id, 9U);
    EXPECT_TRUE(one.what.options.no_local);
    EXPECT_EQ(one.what.options.retained, mqtt::retain_handling::do_not_send);
    EXPECT_EQ(one.what.options.level, mqtt::qos::at_least_once);
}

TEST_F(session_records, of_a_connected_client_have_all_up_to_its_nodes_place) {
    ASSERT_TRUE(write_position(*state_, "a", now, 20, {}));
    write({change(kind::begun, 5)});
    EXPECT_EQ(load()->low, 20U);
    const session_low own{"client", 5, 12};
    ASSERT_TRUE(write_position(*state_, "a", now, 30, {&own, 1}));
    EXPECT_EQ(load()->low, 12U);
    const session_low none{"client", 5, std::nullopt};
    ASSERT_TRUE(write_position(*state_, "a", now, 31, {&none, 1}));
    EXPECT_EQ(load()->low, 31U);
}

TEST_F(session_records, are_not_changed_by_a_service_that_the_client_has_left) {
    write({change(kind::begun, 5), subscribed(5, "a", 5)});
    auto resumed = change(kind::resumed, 9);
    resumed.low = 8;
    write({resumed}, "b");
    write({left(5, 3), subscribed(5, "late", 5), change(kind::ended, 5), change(kind::begun, 4)});
    const auto session = load();
    ASSERT_TRUE(session);
    EXPECT_EQ(session->low, 8U);
    EXPECT_EQ(session->subscriptions.size(), 1U);
    write({change(kind::replaced, 10)}, "b");
    EXPECT_FALSE(load());
}

TEST_F(session_records, are_over_after_their_time_and_then_removed) {
    write({change(kind::begun, 5), subscribed(5, "a", 5), left(5, 8)});
    EXPECT_TRUE(load(now + 59s));
    EXPECT_FALSE(load(now + 60s));
    ASSERT_TRUE(end_old_sessions(*state_, now + 59s));
    EXPECT_TRUE(load());
    ASSERT_TRUE(end_old_sessions(*state_, now + 60s));
    EXPECT_FALSE(load());
}

TEST_F(session_records, of_a_silent_node_are_left_from_when_it_was_last_there) {
    const auto first = write_position(*state_, "a", now, 20, {});
    ASSERT_TRUE(first);
    EXPECT_FALSE(*first);  // it was not there before
    write({change(kind::begun, 5)});
    EXPECT_THAT(*end_silent_nodes(*state_, now), ElementsAre());
    EXPECT_THAT(*end_silent_nodes(*state_, now + 1s), ElementsAre("a"));
    EXPECT_EQ(load(now + 59s)->low, 20U);
    EXPECT_FALSE(load(now + 60s));
    // Which it can see when it comes back.
    EXPECT_FALSE(*write_position(*state_, "a", now, 21, {}));
    EXPECT_TRUE(*write_position(*state_, "a", now, 21, {}));
}

TEST_F(session_records, let_a_node_go_that_has_no_sessions) {
    ASSERT_TRUE(write_position(*state_, "a", now, 20, {}));
    write({change(kind::begun, 5)});
    ASSERT_TRUE(remove_node(*state_, "a"));
    EXPECT_TRUE(*write_position(*state_, "a", now, 20, {}));
    write({left(5, 8)});
    ASSERT_TRUE(remove_node(*state_, "a"));
    EXPECT_FALSE(*write_position(*state_, "a", now, 20, {}));
}

TEST_F(session_records, of_another_stream_begin_at_its_begin) {
    write({change(kind::begun, 50), subscribed(50, "a", 60), left(50, 70)});
    ASSERT_TRUE(write_retained(*state_, {}, 80));
    ASSERT_TRUE(forget_positions(*state_));
    const auto session = load();
    EXPECT_EQ(session->low, 0U);
    EXPECT_EQ(session->subscriptions[0].since, 0U);
    EXPECT_EQ(*retained_position(*state_), 0U);
    write({change(kind::replaced, 1)});
    EXPECT_FALSE(load());
}

TEST_F(session_records, keep_retained_messages_as_of_a_place) {
    const auto all = [&] {
        std::vector<std::string> found;
        const auto at =
            load_retained(*state_, [&](const std::string& bytes) { found.push_back(bytes); });
        EXPECT_TRUE(at);
        return std::pair(*at, found);
    };
    EXPECT_THAT(all(), Pair(0, ElementsAre()));
    const std::vector<retained_change> first = {{1, "a", "one"}, {2, "b", "two"}, {3, "a", "new"}};
    ASSERT_TRUE(write_retained(*state_, first, 5));
    EXPECT_THAT(all(), Pair(5, testing::UnorderedElementsAre("new", "two")));
    // One that leads anew knows them all, and some are there already.
    const std::vector<retained_change> again = {{3, "a", "old"}, {4, "b", ""}, {6, "b", ""}};
    ASSERT_TRUE(write_retained(*state_, again, 6));
    EXPECT_THAT(all(), Pair(6, ElementsAre("new")));
}

TEST_F(session_records, have_one_id_for_the_fleet) {
    const auto id = fleet_id(*state_);
    ASSERT_TRUE(id);
    EXPECT_EQ(id->size(), 12U);
    EXPECT_EQ(*fleet_id(*state_), *id);
}

class shared_sessions_of_a_node : public session_records {
protected:
    shared_sessions_of_a_node() {
        sessions_ = *shared_sessions::open(*state_, "a", time_, logger(), 100);
        sessions_->on_durable([this](mqtt::session_journal::sequence upto) {
            const std::lock_guard hold(mutex_);
            durable_ = upto;
            changed_.notify_all();
        });
    }
    ~shared_sessions_of_a_node() override { static_cast<void>(sessions_->stop()); }

    void wait_for(mqtt::session_journal::sequence upto) {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [&] { return durable_ >= upto; });
    }
    // As the broker does what it gets at this place, for a session that is kept.
    mqtt::receipt deliver(bus::position at, std::uint64_t order) {
        const auto one = placed(at, "a");
        auto pending = sessions_->delivering(one.message, at);
        mqtt::session_journal::delivery to;
        to.client_id = "client";
        to.order = order;
        EXPECT_TRUE(sessions_->message(one.message, {&to, 1}, std::nullopt));
        return pending;
    }
    // As the broker sends the retained message of what the client has subscribed to.
    void send_retained(std::uint64_t order, const std::string& topic = "a") {
        mqtt::session_journal::delivery to;
        to.client_id = "client";
        to.order = order;
        to.retain = true;
        EXPECT_TRUE(sessions_->message(retained_message(topic), {&to, 1}, std::nullopt));
    }
    // Of the subscriptions that the store has now.
    std::vector<std::string> under_way_filters() {
        wait_for(sessions_->session_left("client", 60, time_.now(), std::nullopt));
        std::vector<std::string> filters;
        const auto session = load(time_.now());
        for (const auto& each : session->subscriptions) {
            if (each.retained) {
                filters.push_back(each.what.filter);
            }
        }
        return filters;
    }
    void subscribe(const std::string& filter) {
        mqtt::session_journal::subscription what;
        what.filter = filter;
        sessions_->subscribed("client", what);
    }
    void begin(bus::position epoch = 1) {
        sessions_->adopted("client", epoch, {});
        wait_for(sessions_->session_begun("client", mqtt::protocol_version::v5, 60));
    }
    bus::position leave() {
        wait_for(sessions_->session_left("client", 60, time_.now(), std::nullopt));
        return load(time_.now())->low;
    }

    clock time_;
    std::shared_ptr<shared_sessions> sessions_;
    std::mutex mutex_;
    std::condition_variable changed_;
    mqtt::session_journal::sequence durable_ = 0;
};

TEST_F(shared_sessions_of_a_node, have_all_before_what_was_not_acknowledged) {
    begin();
    deliver(101, 1);
    deliver(102, 2);
    deliver(103, 3);
    sessions_->finished("client", 1);
    sessions_->finished("client", 3);
    EXPECT_EQ(leave(), 101U);
}

TEST_F(shared_sessions_of_a_node, have_all_that_passed_when_everything_was_acknowledged) {
    begin();
    deliver(101, 1);
    sessions_->finished("client", 1);
    sessions_->passed(107);
    EXPECT_EQ(leave(), 107U);
}

TEST_F(shared_sessions_of_a_node, do_not_have_what_is_still_on_its_way_to_them) {
    begin();
    const auto one = placed(101, "a");
    const auto on_its_way = sessions_->delivering(one.message, 101);
    sessions_->passed(102);
    EXPECT_EQ(leave(), 100U);
}

TEST_F(shared_sessions_of_a_node, that_were_adopted_have_their_deliveries_before_them) {
    begin();
    sessions_->adopted("client", 110, {{1, 50}, {2, 60}});
    sessions_->passed(110);
    wait_for(sessions_->session_resumed("client", mqtt::protocol_version::v5, 60));
    EXPECT_EQ(load()->low, 49U);
    sessions_->finished("client", 1);
    EXPECT_EQ(leave(), 59U);
}

TEST_F(shared_sessions_of_a_node, know_from_where_a_subscription_counts) {
    begin();
    sessions_->passed(105);
    mqtt::session_journal::subscription one;
    one.filter = "a";
    wait_for(sessions_->subscribed("client", one));
    EXPECT_EQ(load()->subscriptions[0].since, 105U);
    wait_for(sessions_->unsubscribed("client", "a"));
    EXPECT_TRUE(load()->subscriptions.empty());
}

TEST_F(shared_sessions_of_a_node, are_replaced_when_their_client_begins_anew) {
    begin(1);
    leave();
    sessions_->adopted("client", 120, {{1, 50}});
    wait_for(sessions_->session_ended("client"));
    EXPECT_FALSE(load());
    wait_for(sessions_->session_begun("client", mqtt::protocol_version::v5, 60));
    EXPECT_TRUE(load());
}

TEST_F(shared_sessions_of_a_node, let_the_node_go_when_all_have_left) {
    begin();
    leave();
    ASSERT_TRUE(sessions_->stop());
    EXPECT_FALSE(*write_position(*state_, "a", now, 1, {}));
}

TEST_F(shared_sessions_of_a_node, know_which_retained_messages_are_not_acknowledged) {
    begin();
    for (const auto* filter : {"a", "b", "c"}) {
        subscribe(filter);
    }
    send_retained(1, "a");
    send_retained(2, "b");
    sessions_->finished("client", 1);
    EXPECT_THAT(under_way_filters(), ElementsAre("b"));
}

TEST_F(shared_sessions_of_a_node, know_it_still_when_a_client_subscribes_anew_or_comes_back) {
    begin();
    subscribe("a");
    send_retained(1);
    subscribe("a");
    EXPECT_THAT(under_way_filters(), ElementsAre("a"));
    sessions_->adopted("client", 2, {}, {{1, "a"}});
    wait_for(sessions_->session_resumed("client", mqtt::protocol_version::v5, 60));
    EXPECT_THAT(under_way_filters(), ElementsAre("a"));
    // There is none any more: nothing of it is under way.
    sessions_->adopted("client", 3, {}, {});
    wait_for(sessions_->session_resumed("client", mqtt::protocol_version::v5, 60));
    EXPECT_THAT(under_way_filters(), ElementsAre());
}

}  // namespace
}  // namespace evergrass::cloud
