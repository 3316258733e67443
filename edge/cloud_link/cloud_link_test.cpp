#include "edge/cloud_link/cloud_link.hpp"

#include "libs/mqtt/server.hpp"
#include "libs/rt/test_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using rt::testing::run_until;
using ::testing::ElementsAre;

// The cloud's end of the link.
struct fake_cloud : mqtt::server_handler {
    std::vector<std::string> published;
    std::vector<std::string> filters;
    std::vector<std::string> clients;
    mqtt::server_connection* connection = nullptr;
    mqtt::connect_code answer = mqtt::connect_code::accepted;
    int attempts = 0;

    mqtt::connect_code on_connect(mqtt::server_connection& from,
                                  const mqtt::connect_info& info) override {
        ++attempts;
        if (answer == mqtt::connect_code::accepted) {
            connection = &from;
            clients.push_back(info.client_id);
        }
        return answer;
    }
    bool on_publish(mqtt::server_connection&, const mqtt::publish_view& m) override {
        published.push_back(std::string(m.topic) + "=" + std::string(m.payload));
        return true;
    }
    std::optional<mqtt::qos> on_subscribe(mqtt::server_connection&, std::string_view filter,
                                          mqtt::qos wanted) override {
        filters.emplace_back(filter);
        return wanted;
    }
    void on_unsubscribe(mqtt::server_connection&, std::string_view filter) override {
        std::erase(filters, std::string(filter));
    }
    void on_disconnect(mqtt::server_connection&, bool, std::string_view) override {
        connection = nullptr;
        filters.clear();
    }
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
    mqtt::server broker{io.get_executor(), {}, cloud, logger()};
    std::unique_ptr<rt::listener> listening;
    router messages{logger()};
    recording_sink functions;
    std::unique_ptr<cloud_link> link;
    std::uint16_t port = 0;

    cloud_link_fixture() {
        messages.set_sink(endpoint_kind::function, &functions);
        open();
        port = listening->port();
    }

    ~cloud_link_fixture() override {
        if (link) {
            link->stop();
        }
        link.reset();
        listening.reset();
        broker.stop();
        io.restart();
        io.poll();
    }

    void open() {
        rt::listen_options where;
        where.port = port;
        listening = rt::listener::open_plain(
                        io.get_executor(), where,
                        [this](rt::plain_connection c) { broker.serve(std::move(c)); }, logger())
                        .value();
    }

    void start(std::size_t queue_bytes = 2'621'440) {
        cloud_link_settings settings;
        settings.host = "127.0.0.1";
        settings.port = port;
        settings.client_id = "Core-c00";
        settings.max_retry = 5ms;
        settings.queue_bytes = queue_bytes;
        link = std::make_unique<cloud_link>(io.get_executor(), std::move(settings), messages,
                                            logger());
        link->start();
    }

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
    run_until(io, [this] { return cloud.published.size() == 2; });
    EXPECT_THAT(cloud.published, ElementsAre("out/a=1", "out/a=2"));
    EXPECT_THAT(cloud.clients, ElementsAre("Core-c00"));
}

TEST_F(cloud_link_fixture, what_the_cloud_sends_is_routed_from_the_source_cloud) {
    start();
    deploy({{"1", "cloud", "in/+", function_arn}});
    run_until(io, [this] { return !cloud.filters.empty(); });
    EXPECT_THAT(cloud.filters, ElementsAre("in/+"));
    cloud.connection->publish("in/x", std::make_shared<const std::string>("hello"),
                              mqtt::qos::at_most_once, false);
    run_until(io, [this] { return !functions.got.empty(); });
    EXPECT_THAT(functions.got, ElementsAre(function_arn + " in/x=hello"));
}

TEST_F(cloud_link_fixture, a_deployment_changes_the_subscriptions) {
    start();
    deploy({{"1", "cloud", "a", function_arn}, {"2", "cloud", "b", function_arn}});
    run_until(io, [this] { return cloud.filters.size() == 2; });
    deploy({{"2", "cloud", "b", function_arn}, {"3", "cloud", "c", function_arn}});
    run_until(io, [this] { return cloud.filters == std::vector<std::string>{"b", "c"}; });
}

TEST_F(cloud_link_fixture, messages_wait_while_the_cloud_is_away_and_leave_when_it_is_back) {
    start();
    deploy({{"1", function_arn, "out/#", "cloud"}, {"2", "cloud", "in", function_arn}});
    run_until(io, [this] { return link->connected() && cloud.filters.size() == 1; });
    listening->stop();
    cloud.connection->close("the service stops");
    run_until(io, [this] { return !link->connected(); });
    for (int i = 0; i < 300; ++i) {
        publish("out/n", std::to_string(i));
    }
    open();
    run_until(io, [this] { return cloud.published.size() >= 300 && !cloud.filters.empty(); });
    EXPECT_EQ(cloud.published.front(), "out/n=0");
    EXPECT_EQ(cloud.published.back(), "out/n=299");
    EXPECT_EQ(link->queue().overwritten(), 0u);
}

TEST_F(cloud_link_fixture, the_oldest_messages_give_way_when_the_queue_is_full_and_are_counted) {
    listening->stop();
    start(1000);
    deploy({{"1", function_arn, "t", "cloud"}});
    for (int i = 0; i < 20; ++i) {
        publish("t", std::string(98, 'x') + static_cast<char>('a' + i));
    }
    EXPECT_EQ(link->queue().overwritten(), 10u);
    open();
    run_until(io, [this] { return cloud.published.size() == 10; });
    EXPECT_EQ(cloud.published.front().back(), 'k');
    EXPECT_EQ(cloud.published.back().back(), 't');
}

TEST_F(cloud_link_fixture, a_message_that_no_packet_can_hold_blocks_nothing) {
    start();
    deploy({{"1", function_arn, "t", "cloud"}});
    run_until(io, [this] { return link->connected(); });
    publish("t", std::string(300'000, 'x'));
    publish("t", "next");
    run_until(io, [this] { return !cloud.published.empty(); });
    EXPECT_THAT(cloud.published, ElementsAre("t=next"));
}

TEST_F(cloud_link_fixture, a_refused_connection_is_tried_again) {
    cloud.answer = mqtt::connect_code::not_authorized;
    start();
    run_until(io, [this] { return cloud.attempts >= 3; });
    EXPECT_FALSE(link->connected());
    cloud.answer = mqtt::connect_code::accepted;
    run_until(io, [this] { return link->connected(); });
}

TEST_F(cloud_link_fixture, stop_leaves_nothing_to_run) {
    start();
    run_until(io, [this] { return link->connected(); });
    link->stop();
    listening->stop();
    run_until(io, [this] { return cloud.connection == nullptr; });
    link.reset();
    broker.stop();
    io.restart();
    io.run();
}

}  // namespace
}  // namespace evergrass::edge
