#include "edge/devices/hand_over.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const endpoint cloud{endpoint_kind::cloud, ""};

struct recording_sink : sink {
    std::optional<drop_reason> deliver(const endpoint& source, const endpoint&,
                                       const message& m) override {
        by_source[source.name].push_back(*m.payload);
        return answer;
    }
    std::map<std::string, std::vector<std::string>> by_source;
    std::optional<drop_reason> answer;
};

class hand_over_test : public ::testing::Test {
protected:
    hand_over_test() { router_.set_sink(endpoint_kind::cloud, &sink_); }

    static void send(mqtt::external_target& to, const std::string& source,
                     const std::string& payload, mqtt::receipt pending = nullptr) {
        mqtt::publish_view view;
        view.topic = "t";
        view.payload = payload;
        to.deliver(mqtt::publication(view, source, {}), pending);
    }
    std::uint64_t drops(drop_reason reason) const {
        return router_.drops()[static_cast<std::size_t>(reason)];
    }

    boost::asio::io_context io_;
    recording_sink sink_;
    router router_{logger()};
    std::shared_ptr<hand_over> ways_ = std::make_shared<hand_over>(io_.get_executor(), router_);
};

TEST_F(hand_over_test, all_that_has_come_is_handed_over_by_one_post) {
    const auto to = ways_->to(cloud);
    send(*to, "pump", "1");
    send(*to, "lamp", "2");
    send(*to, "pump", "3");
    EXPECT_THAT(sink_.by_source, IsEmpty());
    EXPECT_EQ(io_.poll(), 1U);
    EXPECT_THAT(sink_.by_source["pump"], ElementsAre("1", "3"));
    EXPECT_THAT(sink_.by_source["lamp"], ElementsAre("2"));
    EXPECT_EQ(router_.delivered(), 3U);
    send(*to, "pump", "4");
    io_.restart();
    EXPECT_EQ(io_.poll(), 1U);
}

TEST_F(hand_over_test, the_publisher_is_acknowledged_when_the_sink_has_it) {
    auto pending = std::make_shared<int>();
    const std::weak_ptr<int> waits = pending;
    send(*ways_->to(cloud), "pump", "1", std::move(pending));
    EXPECT_FALSE(waits.expired());
    io_.poll();
    EXPECT_TRUE(waits.expired());
}

TEST_F(hand_over_test, what_the_sink_refuses_is_counted) {
    sink_.answer = drop_reason::cloud_queue_too_small;
    send(*ways_->to(cloud), "pump", "1");
    io_.poll();
    EXPECT_EQ(drops(drop_reason::cloud_queue_too_small), 1U);
    EXPECT_EQ(router_.delivered(), 0U);
}

TEST_F(hand_over_test, a_subscription_has_carried_what_the_sink_took) {
    router_.set_table(
        routing_table::build({{"1", "arn:aws:iot:r:123456789012:thing/pump", "t", "cloud"}})
            .value());
    const auto to = ways_->to(cloud, std::vector<way_number>{0});
    send(*to, "pump", "1");
    EXPECT_THAT(router_.carried().messages, ElementsAre(0U));
    io_.poll();
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U));
    sink_.answer = drop_reason::queue_full;
    send(*to, "pump", "2");
    io_.restart();
    io_.poll();
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U));
}

TEST_F(hand_over_test, more_than_may_wait_is_dropped_and_counted) {
    const auto to = ways_->to(cloud);
    const std::string large(hand_over::max_bytes / 4, 'x');
    for (int i = 0; i < 5; ++i) {
        send(*to, "pump", large);
    }
    EXPECT_EQ(drops(drop_reason::core_busy), 2U);  // the topics count too
    io_.poll();
    send(*to, "pump", large);
    io_.restart();
    io_.poll();
    EXPECT_EQ(sink_.by_source["pump"].size(), 4U);
}

TEST_F(hand_over_test, close_hands_over_the_rest_and_drops_what_comes_later) {
    const auto to = ways_->to(cloud);
    send(*to, "pump", "1");
    ways_->close();
    EXPECT_THAT(sink_.by_source["pump"], ElementsAre("1"));
    send(*to, "pump", "2");
    EXPECT_EQ(drops(drop_reason::core_stopped), 1U);
    io_.poll();
}

// Meant for the `tsan` preset.
TEST_F(hand_over_test, threads_keep_their_order_and_lose_nothing) {
    constexpr int threads = 3;
    constexpr int each = 5'000;
    std::vector<std::thread> senders;
    for (int n = 0; n < threads; ++n) {
        senders.emplace_back([&, to = ways_->to(cloud), name = "d" + std::to_string(n)] {
            for (int i = 0; i < each; ++i) {
                send(*to, name, std::to_string(i));
            }
        });
    }
    while (router_.delivered() < threads * each) {
        io_.restart();
        if (io_.poll() == 0) {
            std::this_thread::yield();
        }
    }
    for (auto& one : senders) {
        one.join();
    }
    for (const auto& [source, payloads] : sink_.by_source) {
        for (int i = 0; i < each; ++i) {
            ASSERT_EQ(payloads[static_cast<std::size_t>(i)], std::to_string(i)) << source;
        }
    }
}

}  // namespace
}  // namespace evergrass::edge
