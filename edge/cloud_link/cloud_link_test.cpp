#include "edge/cloud_link/cloud_link.hpp"

#include "libs/log_store/testing/crashing_file_system.hpp"
#include "libs/mqtt/server.hpp"
#include "libs/rt/test_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

// The cloud's end of the link; its server has threads of its own.
class fake_cloud : public mqtt::policy {
public:
    // On the port that it had, or one of the system's choice.
    void open() {
        mqtt::server_settings settings;
        settings.shards = 1;
        server_ = mqtt::server::start(settings, *this, logger()).value();
        mqtt::listen_settings where;
        where.port = port_;
        port_ = server_->listen(where).value();
    }
    void close() { server_.reset(); }
    std::uint16_t port() const { return port_; }

    void publish(std::string topic, std::string payload) {
        auto message = std::make_shared<mqtt::stored_message>();
        message->topic = std::move(topic);
        message->payload = std::make_shared<const std::string>(std::move(payload));
        server_->publish(std::move(message));
    }
    bool has_filter(std::string_view topic) const {
        return server_ && !server_->would_lose("Core-c00", topic);
    }
    std::size_t connections() const { return server_ ? server_->connections() : 0; }
    std::vector<std::string> published() const {
        const std::lock_guard lock(mutex_);
        return published_;
    }

    std::atomic<mqtt::reason> answer{mqtt::reason::success};
    std::atomic<int> attempts{0};

    mqtt::admission admit(const mqtt::client_identity&, std::string_view,
                          const mqtt::connect_packet&) override {
        ++attempts;
        return {answer, nullptr};
    }
    mqtt::publish_verdict may_publish(const mqtt::client_info&,
                                      const mqtt::publish_view& m) override {
        const std::lock_guard lock(mutex_);
        published_.push_back(std::string(m.topic) + "=" + std::string(m.payload));
        return {};
    }
    mqtt::reason may_subscribe(const mqtt::client_info&, std::string_view,
                               const mqtt::subscription_options& wanted, bool) override {
        return static_cast<mqtt::reason>(wanted.level);
    }
    bool may_receive(const mqtt::client_info&, std::string_view, std::string_view) override {
        return true;
    }
    void resolve(const mqtt::client_info* from, std::string_view, std::string_view,
                 mqtt::route_builder& to) override {
        if (from == nullptr) {
            to.subscribers();
        }
    }
    std::uint64_t generation() const override { return 1; }

private:
    std::unique_ptr<mqtt::server> server_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> published_;
};

struct recording_sink : sink {
    std::vector<std::string> got;
    std::optional<drop_reason> deliver(const endpoint&, const endpoint& target,
                                       const message& m) override {
        got.push_back(target.name + " " + m.topic + "=" + *m.payload);
        return std::nullopt;
    }
};

const std::string function_arn = "arn:aws:lambda:us-east-1:123456789012:function:pump:7";

struct cloud_link_fixture : ::testing::Test {
    asio::io_context io;
    fake_cloud cloud;
    router messages{logger()};
    recording_sink functions;
    log_store::testing::crashing_file_system disk;
    clock time;
    std::unique_ptr<spooler> queue;
    std::unique_ptr<cloud_link> link;

    cloud_link_fixture() {
        messages.set_sink(endpoint_kind::function, &functions);
        cloud.open();
    }

    ~cloud_link_fixture() override {
        if (link) {
            link->stop();
        }
        link.reset();
        queue.reset();
        io.restart();
        io.poll();
    }

    void until(const std::function<bool()>& done) { rt::testing::poll_until(io, done); }

    void start(spool_settings spooling = {}, std::size_t window = 100) {
        cloud_link_settings settings;
        settings.host = "127.0.0.1";
        settings.port = cloud.port();
        settings.client_id = "Core-c00";
        settings.max_retry = 5ms;
        settings.sending.window = window;
        queue = std::make_unique<spooler>(io.get_executor(), disk, "/spool", time, logger());
        queue->on_loss = [this](spooler::loss why, std::string_view topic) {
            lost.push_back(std::string(topic) + (why == spooler::loss::stopped ? " stopped" : ""));
        };
        ASSERT_TRUE(queue->open(spooling));
        link = std::make_unique<cloud_link>(io.get_executor(), std::move(settings), messages,
                                            *queue, logger());
        link->start();
    }

    std::vector<std::string> lost;

    void deploy(std::vector<contract::subscription> subscriptions) {
        messages.set_table(routing_table::build(subscriptions).value());
        link->follow_table();
    }

    void publish(const std::string& topic, const std::string& payload) {
        messages.publish({endpoint_kind::function, function_arn},
                         {topic, std::make_shared<const std::string>(payload)});
    }
};

TEST_F(cloud_link_fixture, a_message_with_the_target_cloud_reaches_it_in_order) {
    start();
    deploy({{"1", function_arn, "out/#", "cloud"}});
    publish("out/a", "1");
    publish("out/a", "2");
    publish("other", "3");
    until([this] { return cloud.published().size() == 2; });
    EXPECT_THAT(cloud.published(), ElementsAre("out/a=1", "out/a=2"));
}

TEST_F(cloud_link_fixture, what_the_cloud_sends_is_routed_from_the_source_cloud) {
    start();
    deploy({{"1", "cloud", "in/+", function_arn}});
    until([this] { return cloud.has_filter("in/x"); });
    cloud.publish("in/x", "hello");
    until([this] { return !functions.got.empty(); });
    EXPECT_THAT(functions.got, ElementsAre(function_arn + " in/x=hello"));
}

TEST_F(cloud_link_fixture, a_deployment_changes_the_subscriptions) {
    start();
    deploy({{"1", "cloud", "a", function_arn}, {"2", "cloud", "b", function_arn}});
    until([this] { return cloud.has_filter("a") && cloud.has_filter("b"); });
    deploy({{"2", "cloud", "b", function_arn}, {"3", "cloud", "c", function_arn}});
    until([this] { return cloud.has_filter("c") && !cloud.has_filter("a"); });
    EXPECT_TRUE(cloud.has_filter("b"));
}

TEST_F(cloud_link_fixture, what_else_is_followed_goes_to_its_own_taker) {
    start();
    std::vector<std::string> taken;
    bool up = false;
    link->on_other = [&](std::string_view topic, std::string_view payload) {
        taken.push_back(std::string(topic) + "=" + std::string(payload));
        return topic.starts_with("mine/");
    };
    link->on_link = [&](bool connected) { up = connected; };
    link->also_follow({"mine/+", "both"});
    deploy({{"1", "cloud", "both", function_arn}, {"2", "cloud", "mine/routed", function_arn}});
    until([this] { return cloud.has_filter("mine/x") && cloud.has_filter("both"); });
    EXPECT_TRUE(up);
    for (const auto* topic : {"mine/x", "mine/routed", "both"}) {
        cloud.publish(topic, "1");
    }
    until([&] { return taken.size() >= 3 && functions.got.size() >= 2; });
    EXPECT_EQ(functions.got.front(), function_arn + " mine/routed=1");
    EXPECT_EQ(functions.got.back(), function_arn + " both=1");
    // Nothing is lost for want of a route, and what the table wants is still followed.
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::subject_differs)], 0U);
    link->also_follow({});
    until([this] { return !cloud.has_filter("mine/x"); });
    EXPECT_TRUE(cloud.has_filter("both"));
    link->send("question", "2");
    until([this] { return !cloud.published().empty(); });
    EXPECT_THAT(cloud.published(), ElementsAre("question=2"));
    cloud.close();
    until([&] { return !up; });
    link->send("question", "3");  // nobody hears it, now or later
}

TEST_F(cloud_link_fixture, messages_wait_while_the_cloud_is_away_and_leave_when_it_is_back) {
    start();
    deploy({{"1", function_arn, "out/#", "cloud"}, {"2", "cloud", "in", function_arn}});
    until([this] { return link->connected() && cloud.has_filter("in"); });
    cloud.close();
    until([this] { return !link->connected(); });
    for (int i = 0; i < 300; ++i) {
        publish("out/n", std::to_string(i));
    }
    cloud.open();
    until([this] { return cloud.published().size() >= 300 && cloud.has_filter("in"); });
    EXPECT_EQ(cloud.published().front(), "out/n=0");
    EXPECT_EQ(cloud.published().back(), "out/n=299");
    EXPECT_EQ(queue->numbers().overwritten, 0U);
}

TEST_F(cloud_link_fixture, the_oldest_messages_give_way_when_the_queue_is_full_and_are_counted) {
    cloud.close();
    start({spool_storage::memory, 1000});
    deploy({{"1", function_arn, "t", "cloud"}});
    for (int i = 0; i < 20; ++i) {
        publish("t", std::string(98, 'x') + static_cast<char>('a' + i));
    }
    EXPECT_EQ(queue->numbers().overwritten, 10U);
    EXPECT_EQ(lost.size(), 10U);
    cloud.open();
    until([this] { return cloud.published().size() == 10; });
    EXPECT_EQ(cloud.published().front().back(), 'k');
    EXPECT_EQ(cloud.published().back().back(), 't');
}

TEST_F(cloud_link_fixture, messages_in_files_outlive_the_core_and_leave_first) {
    cloud.close();
    start({spool_storage::file_system, 2'621'440});
    deploy({{"1", function_arn, "t", "cloud"}});
    for (const auto* payload : {"1", "2", "3"}) {
        publish("t", payload);
    }
    link->stop();
    publish("t", "4");  // by a function that ends
    queue->stop();
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::core_stopped)], 0U);
    link.reset();
    queue.reset();
    start({spool_storage::file_system, 2'621'440});
    publish("t", "5");
    cloud.open();
    until([this] { return cloud.published().size() >= 5; });
    EXPECT_THAT(cloud.published(), ElementsAre("t=1", "t=2", "t=3", "t=4", "t=5"));
    until([this] { return queue->numbers().messages == 0; });
    EXPECT_EQ(link->sending().delivered(), 5U);
}

TEST_F(cloud_link_fixture, messages_in_memory_are_counted_when_the_core_stops) {
    cloud.close();
    start();
    deploy({{"1", function_arn, "t", "cloud"}});
    publish("t", "1");
    ASSERT_TRUE(queue->next());  // as one that is in flight
    link->stop();
    publish("t", "2");
    EXPECT_THAT(lost, ElementsAre());
    queue->stop();
    EXPECT_THAT(lost, ElementsAre("t stopped", "t stopped"));
    publish("t", "3");
    EXPECT_EQ(messages.drops()[static_cast<std::size_t>(drop_reason::core_stopped)], 1U);
}

TEST_F(cloud_link_fixture, a_window_of_one_sends_all_in_order_too) {
    start({}, 1);
    deploy({{"1", function_arn, "t", "cloud"}});
    for (int i = 0; i < 50; ++i) {
        publish("t", std::to_string(i));
        EXPECT_LE(link->sending().in_flight(), 1U);
    }
    until([this] { return queue->numbers().messages == 0; });
    EXPECT_EQ(cloud.published().size(), 50U);
    EXPECT_EQ(cloud.published().back(), "t=49");
}

TEST_F(cloud_link_fixture, a_connection_tells_its_state_and_bytes) {
    start();
    deploy({{"1", function_arn, "t", "cloud"}});
    EXPECT_FALSE(link->connections().at(0).connected);
    until([this] { return link->connected(); });
    publish("t", std::string(1000, 'x'));
    until([this] { return queue->numbers().messages == 0; });
    const auto up = link->connections();
    ASSERT_EQ(up.size(), 1U);
    EXPECT_TRUE(up[0].connected);
    EXPECT_EQ(up[0].client_id, "Core-c00");
    EXPECT_EQ(up[0].endpoint, "127.0.0.1:" + std::to_string(cloud.port()));
    EXPECT_EQ(up[0].last_error, "");
    EXPECT_GT(up[0].bytes_out, 1000U);
    EXPECT_GT(up[0].bytes_in, 4U);  // CONNACK and PUBACK
    cloud.close();
    until([this] { return !link->connected(); });
    until([this] { return !link->connections()[0].connected; });
    EXPECT_NE(link->connections()[0].last_error, "");
    EXPECT_GE(link->connections()[0].since, up[0].since);
}

TEST_F(cloud_link_fixture, a_message_that_no_packet_can_hold_blocks_nothing) {
    start();
    deploy({{"1", function_arn, "t", "cloud"}});
    until([this] { return link->connected(); });
    publish("t", std::string(300'000, 'x'));
    publish("t", "next");
    until([this] { return !cloud.published().empty(); });
    EXPECT_THAT(cloud.published(), ElementsAre("t=next"));
}

TEST_F(cloud_link_fixture, a_refused_connection_is_tried_again) {
    cloud.answer = mqtt::reason::not_authorized;
    start();
    until([this] { return cloud.attempts >= 3; });
    EXPECT_FALSE(link->connected());
    cloud.answer = mqtt::reason::success;
    until([this] { return link->connected(); });
}

TEST_F(cloud_link_fixture, stop_leaves_nothing_to_run) {
    start();
    until([this] { return link->connected(); });
    link->stop();
    until([this] { return cloud.connections() == 0; });
    link.reset();
    io.restart();
    io.run();
}

}  // namespace
}  // namespace evergrass::edge
