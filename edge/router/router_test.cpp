#include "edge/router/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;

class recording_sink : public sink {
public:
    std::optional<drop_reason> deliver(const endpoint&, const endpoint& target,
                                       const message& m) override {
        taken.push_back(target.name + " " + m.topic);
        if (on_deliver) {
            on_deliver();
        }
        return answer;
    }
    bool finds_targets() const override { return finds; }
    std::optional<drop_reason> would_drop(const endpoint&, std::string_view) const override {
        return would;
    }
    std::vector<std::string> taken;
    std::optional<drop_reason> answer;
    std::optional<drop_reason> would;
    bool finds = false;
    std::function<void()> on_deliver;
};

message hello(std::string topic, std::size_t size = 5) {
    return {std::move(topic), std::make_shared<const std::string>(size, 'x')};
}

class router_test : public ::testing::Test {
protected:
    router_test() {
        auto table =
            routing_table::build({{"1", "cloud", "t", "arn:aws:iot:r:123456789012:thing/a"},
                                  {"2", "cloud", "t", "arn:aws:iot:r:123456789012:thing/b"},
                                  {"3", "cloud", "t", "GGShadowService"},
                                  {"4", "cloud", "other", "arn:aws:iot:r:123456789012:thing/a"}});
        router_.set_table(*table);
        router_.set_sink(endpoint_kind::device, &devices_);
    }

    std::uint64_t drops(drop_reason reason) const {
        return router_.drops()[static_cast<std::size_t>(reason)];
    }

    const endpoint cloud_{endpoint_kind::cloud, ""};
    recording_sink devices_;
    router router_{logger()};
};

TEST_F(router_test, hands_the_message_to_each_target_and_counts_the_one_without_a_sink) {
    const auto report = router_.publish(cloud_, hello("t"));
    EXPECT_THAT(devices_.taken, ElementsAre("a t", "b t"));
    EXPECT_EQ(report.delivered, 2U);
    EXPECT_EQ(report.dropped, 1U);
    EXPECT_EQ(report.last_drop, drop_reason::no_such_target);
    EXPECT_EQ(drops(drop_reason::no_such_target), 1U);
    EXPECT_EQ(router_.delivered(), 2U);
}

TEST_F(router_test, a_message_without_a_route_is_one_drop) {
    const endpoint stranger{endpoint_kind::device, "stranger"};
    const auto report = router_.publish(stranger, hello("t"));
    EXPECT_EQ(report.dropped, 1U);
    EXPECT_EQ(report.last_drop, drop_reason::no_subscription);
    EXPECT_EQ(drops(drop_reason::no_subscription), 1U);
}

TEST_F(router_test, a_source_that_has_subscriptions_is_told_from_one_that_has_none) {
    EXPECT_EQ(router_.publish(cloud_, hello("nowhere")).last_drop, drop_reason::subject_differs);
    EXPECT_EQ(drops(drop_reason::subject_differs), 1U);
    EXPECT_EQ(drops(drop_reason::no_subscription), 0U);
}

TEST_F(router_test, a_sink_that_finds_its_targets_gets_a_message_once_and_counts_it) {
    devices_.finds = true;
    EXPECT_EQ(router_.publish(cloud_, hello("t")).delivered, 2U);
    EXPECT_THAT(devices_.taken, ElementsAre("a t"));
    EXPECT_EQ(router_.delivered(), 0U);
    routing_lane other(router_);
    other.count_delivered(endpoint_kind::cloud, endpoint_kind::device, 1);
    EXPECT_EQ(router_.delivered(), 1U);
}

TEST_F(router_test, a_message_of_another_lane_goes_to_its_one_target) {
    const endpoint device{endpoint_kind::device, "pump"};
    const endpoint target{endpoint_kind::device, "b"};
    EXPECT_EQ(router_.own_lane().hand(device, target, hello("t"), {}), std::nullopt);
    EXPECT_THAT(devices_.taken, ElementsAre("b t"));
    EXPECT_EQ(router_.delivered(), 1U);
    EXPECT_EQ(router_.routed().published[0], 0U);  // by the lane that found the route
    devices_.answer = drop_reason::queue_full;
    EXPECT_EQ(router_.own_lane().hand(device, target, hello("t"), {}), drop_reason::queue_full);
    EXPECT_EQ(drops(drop_reason::queue_full), 1U);
}

TEST_F(router_test, says_beforehand_whether_a_targets_queue_is_full) {
    EXPECT_FALSE(router_.any_queue_full(cloud_, "t"));
    devices_.would = drop_reason::device_not_connected;
    EXPECT_FALSE(router_.any_queue_full(cloud_, "t"));
    devices_.would = drop_reason::queue_full;
    EXPECT_TRUE(router_.any_queue_full(cloud_, "t"));
    EXPECT_FALSE(router_.any_queue_full(cloud_, "nobody's"));
}

TEST_F(router_test, a_sink_that_refuses_is_counted_by_its_reason) {
    devices_.answer = drop_reason::queue_full;
    const auto report = router_.publish(cloud_, hello("other"));
    EXPECT_EQ(report.last_drop, drop_reason::queue_full);
    EXPECT_EQ(report.queue_full, 1U);
    EXPECT_EQ(drops(drop_reason::queue_full), 1U);
    devices_.answer = drop_reason::device_not_connected;
    EXPECT_EQ(router_.publish(cloud_, hello("other")).queue_full, 0U);
}

TEST_F(router_test, counts_messages_by_the_kinds_of_their_ends) {
    router_.publish(cloud_, hello("t"));
    {
        routing_lane other(router_);
        other.publish(cloud_, hello("other"));
        other.publish({endpoint_kind::function, "f"}, hello("t"));
    }
    const auto all = router_.routed();
    const auto at = [](endpoint_kind kind) { return static_cast<std::size_t>(kind); };
    EXPECT_EQ(all.published[at(endpoint_kind::cloud)], 2U);
    EXPECT_EQ(all.published[at(endpoint_kind::function)], 1U);
    EXPECT_EQ(all.delivered[at(endpoint_kind::cloud)][at(endpoint_kind::device)], 3U);
    EXPECT_EQ(router_.delivered(), 3U);
}

TEST_F(router_test, a_subscription_has_carried_what_its_target_took) {
    router_.publish(cloud_, hello("t"));
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 1U, 0U, 0U));  // 3 has no sink
    devices_.answer = drop_reason::queue_full;
    router_.publish(cloud_, hello("other"));
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 1U, 0U, 0U));
    devices_.answer = std::nullopt;
    devices_.finds = true;  // it counts itself
    router_.publish(cloud_, hello("other"));
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 1U, 0U, 0U));
}

TEST_F(router_test, each_subscription_that_leads_to_a_target_has_carried_its_message) {
    const std::string a = "arn:aws:iot:r:123456789012:thing/a";
    router_.set_table(*routing_table::build({{"1", "cloud", "t/#", a},
                                             {"2", "cloud", "t/+", a},
                                             {"3", "cloud", "t/+", a},
                                             {"4", "cloud", "u", a}}));
    EXPECT_EQ(router_.publish(cloud_, hello("t/x")).delivered, 1U);
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 1U, 1U, 0U));  // 3 is 2 again
}

TEST_F(router_test, what_a_subscription_has_carried_outlives_tables_and_lanes) {
    {
        routing_lane other(router_);
        other.publish(cloud_, hello("other"));
    }
    const std::string a = "arn:aws:iot:r:123456789012:thing/a";
    routing_lane late(router_);
    router_.set_table(
        *routing_table::build({{"new", "cloud", "u", a}, {"9", "cloud", "other", a}}));
    EXPECT_THAT(router_.carried().messages, ElementsAre(0U, 1U));
    const std::vector<way_number> of_the_new_table{4};
    late.count_carried(of_the_new_table);  // before it has seen that table
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 1U));
    late.publish(cloud_, hello("other"));
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 2U));
    EXPECT_EQ(router_.carried().table->entries().size(), 2U);
}

TEST_F(router_test, a_lane_sees_a_new_table_at_its_next_publish) {
    routing_lane lane(router_);
    EXPECT_EQ(lane.table().size(), 4U);
    router_.set_table(std::make_shared<routing_table>());
    EXPECT_EQ(lane.publish(cloud_, hello("t")).last_drop, drop_reason::no_subscription);
    EXPECT_EQ(router_.tables_set(), 2U);
}

TEST_F(router_test, a_payload_over_128_kb_goes_to_nobody) {
    EXPECT_EQ(router_.publish(cloud_, hello("other", 128 * 1024)).delivered, 1U);
    EXPECT_EQ(router_.publish(cloud_, hello("other", 128 * 1024 + 1)).last_drop,
              drop_reason::message_too_large);
    EXPECT_THAT(devices_.taken, ElementsAre("a other"));
}

TEST_F(router_test, a_sink_may_publish_and_replace_the_table_while_it_takes_a_message) {
    devices_.on_deliver = [this] {
        devices_.on_deliver = nullptr;
        router_.publish(cloud_, hello("other"));
        router_.set_table(std::make_shared<routing_table>());
    };
    EXPECT_EQ(router_.publish(cloud_, hello("t")).delivered, 2U);
    EXPECT_THAT(devices_.taken, ElementsAre("a t", "a other", "b t"));
    EXPECT_EQ(router_.publish(cloud_, hello("t")).last_drop, drop_reason::no_subscription);
}

}  // namespace
}  // namespace evergrass::edge
