#include "edge/devices/device_server.hpp"

#include "libs/mqtt/client.hpp"
#include "libs/rt/test_certificates.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <stdlib.h>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string arn_of(const std::string& thing) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + thing;
}

contract::group_member member(const std::string& thing, const rt::tls_identity& identity) {
    return {thing, arn_of(thing),
            "arn:aws:iot:us-east-1:123456789012:cert/" + rt::testing::id_of(identity), false};
}

// Takes what is for the cloud.
struct recording_cloud : sink {
    std::optional<drop_reason> deliver(const endpoint& source, const endpoint&,
                                       const message& m) override {
        got.push_back(source.name + " " + m.topic + " " + *m.payload);
        return std::nullopt;
    }
    std::vector<std::string> got;
};

// The server has threads of its own: what they do is waited for, also where nothing comes to the
// test's io_context by it.
class device_server_test : public ::testing::Test {
protected:
    device_server_test() {
        set_table({{"1", arn_of("pump"), "t/#", arn_of("lamp")},
                   {"2", "cloud", "t/#", arn_of("lamp")},
                   {"3", arn_of("pump"), "up", "cloud"}});
        router_.set_sink(endpoint_kind::cloud, &cloud_);
        std::string pattern = (std::filesystem::temp_directory_path() / "devicesXXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
        start_server();
    }
    ~device_server_test() override {
        server_.reset();
        std::filesystem::remove_all(directory_);
    }

    void start_server() {
        server_.reset();
        device_server_settings s;
        s.address = "127.0.0.1";
        s.port = 0;
        s.mqtt.shards = 2;
        s.mqtt.data_directory = (directory_ / "mqtt").string();
        server_ = std::make_unique<device_server>(io_.get_executor(), s, router_, logger());
        server_->admit({member("pump", pump_), member("lamp", lamp_)});
        const auto opened = server_->open();
        ASSERT_TRUE(opened) << opened.error().message();
        ASSERT_TRUE(server_->use_certificate(rt::held(ca_.issue("core", {"127.0.0.1"})).value()));
    }
    void set_table(const std::vector<contract::subscription>& subscriptions) {
        router_.set_table(routing_table::build(subscriptions).value());
    }

    // A client and what happened to it.
    struct device {
        std::unique_ptr<mqtt::client> client;
        std::string reason;
        std::vector<std::string> got;
    };
    std::unique_ptr<device> start(const rt::tls_identity& identity, std::string client_id,
                                  bool kept = false) {
        auto made = std::make_unique<device>();
        mqtt::client_options options;
        options.endpoint.host = "127.0.0.1";
        options.endpoint.port = server_->port();
        options.client_id = std::move(client_id);
        options.clean_start = !kept;
        options.first_retry = std::chrono::milliseconds(1);
        rt::tls_client_options tls;
        tls.ca_pem = ca_.pem;
        tls.identity = identity;
        options.tls = [context = rt::make_client_context(tls).value()] {
            return result<std::shared_ptr<rt::tls_context>>(context);
        };
        made->client = std::make_unique<mqtt::client>(io_.get_executor(), options, logger());
        made->client->on_message = [raw = made.get()](const mqtt::publish_view& m) {
            raw->got.push_back(std::string(m.topic) + " " + std::string(m.payload));
        };
        made->client->on_state = [raw = made.get()](bool, std::string_view why) {
            raw->reason = why;
        };
        made->client->start();
        return made;
    }
    std::unique_ptr<device> connect(const rt::tls_identity& identity, std::string client_id,
                                    bool kept = false) {
        auto made = start(identity, std::move(client_id), kept);
        until([&] { return made->client->connected(); });
        return made;
    }
    result<mqtt::qos> subscribe(device& d, std::string filter,
                                mqtt::qos level = mqtt::qos::at_most_once) {
        std::optional<result<mqtt::qos>> answer;
        d.client->subscribe(std::move(filter), level,
                            [&](result<mqtt::qos> r) { answer = std::move(r); });
        until([&] { return answer.has_value(); });
        return *answer;
    }
    // Returns when the core has taken it.
    void publish(device& d, std::string topic, std::string payload) {
        bool done = false;
        d.client->publish(std::move(topic), std::make_shared<const std::string>(std::move(payload)),
                          mqtt::qos::at_least_once, [&](const auto&) { done = true; });
        until([&] { return done; });
    }
    std::uint64_t drops(drop_reason reason) const {
        return router_.drops()[static_cast<std::size_t>(reason)];
    }
    void leave(device& d) {
        d.client->stop();
        until([&] { return !server_->is_connected("lamp"); });
    }
    void from_cloud(const std::string& topic, const std::string& payload) {
        router_.publish({endpoint_kind::cloud, ""},
                        {topic, std::make_shared<const std::string>(payload)});
    }
    void until(const std::function<bool()>& done) { rt::testing::poll_until(io_, done); }

    asio::io_context io_;
    rt::testing::test_ca ca_;
    rt::tls_identity pump_ = ca_.issue("AWS IoT Certificate");
    rt::tls_identity lamp_ = ca_.issue("AWS IoT Certificate");
    rt::tls_identity stranger_ = ca_.issue("AWS IoT Certificate");
    std::filesystem::path directory_;
    recording_cloud cloud_;
    router router_{logger()};
    std::unique_ptr<device_server> server_;
};

TEST_F(device_server_test, carries_a_message_from_device_to_device) {
    const auto pump = connect(pump_, "pump");
    const auto lamp = connect(lamp_, "lamp");
    EXPECT_TRUE(subscribe(*lamp, "t/+"));
    publish(*pump, "t/x", "on");
    until([&] { return !lamp->got.empty(); });
    EXPECT_THAT(lamp->got, ElementsAre("t/x on"));
}

TEST_F(device_server_test, a_certificate_of_another_group_gets_an_alert) {
    const auto stranger = start(stranger_, "pump");
    until([&] { return !stranger->reason.empty(); });
    EXPECT_THAT(stranger->reason, HasSubstr("alert"));
    EXPECT_EQ(server_->connected(), 0U);
}

TEST_F(device_server_test, the_client_id_has_to_be_the_things_name) {
    const auto liar = start(pump_, "lamp");
    until([&] { return !liar->reason.empty(); });
    EXPECT_THAT(liar->reason, HasSubstr("client identifier not valid"));
    EXPECT_GE(drops(drop_reason::client_id_not_thing), 1U);
}

TEST_F(device_server_test, a_filter_that_nothing_can_reach_is_refused) {
    const auto lamp = connect(lamp_, "lamp");
    EXPECT_FALSE(subscribe(*lamp, "elsewhere"));
    EXPECT_TRUE(subscribe(*lamp, "#"));
    const auto pump = connect(pump_, "pump");
    EXPECT_FALSE(subscribe(*pump, "t/x"));  // subscriptions have one direction
}

TEST_F(device_server_test, a_message_without_a_route_is_acknowledged_and_counted) {
    const auto pump = connect(pump_, "pump");
    publish(*pump, "elsewhere", "x");
    EXPECT_TRUE(pump->client->connected());
    EXPECT_EQ(drops(drop_reason::subject_differs), 1U);
    EXPECT_EQ(router_.routed().published[0], 1U);
}

TEST_F(device_server_test, what_a_device_sends_the_cloud_is_acknowledged_when_its_queue_has_it) {
    const auto pump = connect(pump_, "pump");
    publish(*pump, "up", "1");
    EXPECT_THAT(cloud_.got, ElementsAre("pump up 1"));
    for (int i = 2; i < 50; ++i) {
        pump->client->publish("up", std::make_shared<const std::string>(std::to_string(i)),
                              mqtt::qos::at_most_once, {});
    }
    until([&] { return cloud_.got.size() == 49; });
    for (std::size_t i = 0; i < cloud_.got.size(); ++i) {
        EXPECT_EQ(cloud_.got[i], "pump up " + std::to_string(i + 1));
    }
    EXPECT_EQ(router_.routed().published[0], 49U);
    EXPECT_EQ(router_.delivered(), 49U);
}

TEST_F(device_server_test, a_kept_session_gets_what_the_cloud_sent_while_its_device_was_away) {
    {
        const auto lamp = connect(lamp_, "lamp", true);
        EXPECT_TRUE(subscribe(*lamp, "t/#", mqtt::qos::at_least_once));
        leave(*lamp);
    }
    from_cloud("t/x", "1");
    until([&] { return router_.delivered() == 1; });
    start_server();  // as after a restart of the core
    const auto lamp = connect(lamp_, "lamp", true);
    until([&] { return !lamp->got.empty(); });
    EXPECT_THAT(lamp->got, ElementsAre("t/x 1"));
}

TEST_F(device_server_test, a_right_that_a_deployment_took_is_gone_with_what_waited) {
    {
        const auto lamp = connect(lamp_, "lamp", true);
        EXPECT_TRUE(subscribe(*lamp, "t/#", mqtt::qos::at_least_once));
        leave(*lamp);
    }
    from_cloud("t/x", "secret");
    until([&] { return router_.delivered() == 1; });
    set_table({{"1", arn_of("pump"), "t/#", arn_of("lamp")}});
    const auto lamp = connect(lamp_, "lamp", true);
    const auto pump = connect(pump_, "pump");
    publish(*pump, "t/y", "allowed");
    until([&] { return !lamp->got.empty(); });
    EXPECT_THAT(lamp->got, ElementsAre("t/y allowed"));
    EXPECT_EQ(drops(drop_reason::not_permitted), 1U);
}

TEST_F(device_server_test, a_session_of_a_device_that_left_the_group_is_forgotten) {
    {
        const auto lamp = connect(lamp_, "lamp", true);
        EXPECT_TRUE(subscribe(*lamp, "t/#", mqtt::qos::at_least_once));
        leave(*lamp);
    }
    from_cloud("t/x", "1");
    until([&] { return router_.delivered() == 1; });
    server_->admit({member("pump", pump_)});
    EXPECT_EQ(drops(drop_reason::session_ended), 1U);
    EXPECT_EQ(server_->numbers().sessions, 0U);
    server_->admit({member("pump", pump_), member("lamp", lamp_)});
    const auto lamp = connect(lamp_, "lamp", true);
    EXPECT_FALSE(lamp->client->server().session_present);
}

TEST_F(device_server_test, says_why_a_device_did_not_get_a_message) {
    from_cloud("t/x", "x");
    until([&] { return drops(drop_reason::device_not_connected) == 1; });
    const auto lamp = connect(lamp_, "lamp");
    from_cloud("t/x", "x");
    until([&] { return drops(drop_reason::device_not_subscribed) == 1; });
    EXPECT_TRUE(subscribe(*lamp, "t/y"));
    from_cloud("t/x", "x");
    until([&] { return drops(drop_reason::device_not_subscribed) == 2; });
    EXPECT_EQ(router_.delivered(), 0U);
    EXPECT_TRUE(subscribe(*lamp, "t/x"));
    from_cloud("t/x", "x");
    until([&] { return router_.delivered() == 1; });
}

TEST_F(device_server_test, tells_without_a_message_what_would_become_of_one) {
    const endpoint lamp_end{endpoint_kind::device, "lamp"};
    const endpoint stranger{endpoint_kind::device, "stranger"};
    EXPECT_EQ(server_->would_drop(stranger, "t/x"), drop_reason::certificate_not_in_group);
    EXPECT_EQ(server_->would_refuse(stranger), drop_reason::certificate_not_in_group);
    EXPECT_EQ(server_->would_refuse(lamp_end), std::nullopt);
    EXPECT_EQ(server_->would_drop(lamp_end, "t/x"), drop_reason::device_not_connected);
    const auto lamp = connect(lamp_, "lamp");
    EXPECT_TRUE(server_->is_connected("lamp"));
    EXPECT_EQ(server_->would_drop(lamp_end, "t/x"), drop_reason::device_not_subscribed);
    EXPECT_TRUE(subscribe(*lamp, "t/x"));
    EXPECT_EQ(server_->would_drop(lamp_end, "t/x"), std::nullopt);
}

TEST_F(device_server_test, a_deployment_closes_the_sessions_of_removed_devices_only) {
    const auto pump = connect(pump_, "pump");
    const auto lamp = connect(lamp_, "lamp");
    server_->admit({member("lamp", lamp_)});
    until([&] { return !pump->reason.empty(); });
    EXPECT_TRUE(lamp->client->connected());
    pump->reason.clear();
    until(
        [&] { return pump->reason.find("alert") != std::string::npos; });  // it does not come back
    EXPECT_TRUE(lamp->reason.empty());
}

TEST_F(device_server_test, a_device_whose_certificate_changed_has_to_come_back_with_the_new_one) {
    const auto old = connect(pump_, "pump");
    const auto renewed = ca_.issue("AWS IoT Certificate");
    server_->admit({member("pump", renewed)});
    until([&] { return !old->reason.empty(); });
    const auto fresh = connect(renewed, "pump");
    EXPECT_TRUE(fresh->client->connected());
}

TEST_F(device_server_test, a_new_server_certificate_leaves_sessions_open) {
    const auto pump = connect(pump_, "pump");
    EXPECT_TRUE(server_->use_certificate(rt::held(ca_.issue("core", {"127.0.0.1"})).value()));
    const auto lamp = connect(lamp_, "lamp");
    EXPECT_TRUE(subscribe(*lamp, "t/#"));
    publish(*pump, "t/x", "on");
    until([&] { return !lamp->got.empty(); });
    EXPECT_TRUE(pump->reason.empty());
}

TEST_F(device_server_test, a_port_in_use_says_so_and_what_to_do) {
    device_server_settings taken;
    taken.address = "127.0.0.1";
    taken.port = server_->port();
    device_server second(io_.get_executor(), taken, router_, logger());
    const auto opened = second.open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(), HasSubstr("ggMqttPort"));
    EXPECT_THAT(opened.error().message(), HasSubstr("another program listens there"));
}

}  // namespace
}  // namespace evergrass::edge
