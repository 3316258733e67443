#include "libs/mqtt/client.hpp"
#include "libs/mqtt/server.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

// Our client with our server, over real sockets and in both versions; and a peer that is none.
namespace evergrass::mqtt {
namespace {

namespace asio = boost::asio;
using namespace std::string_view_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Every message goes to every client with a matching filter; "forbidden" cannot be subscribed to,
// "stranger" not connect, and who publishes to "cut me off" is.
class open_policy final : public policy {
public:
    admission admit(const client_identity&, std::string_view client_id,
                    const connect_packet&) override {
        return {client_id == "stranger" ? reason::not_authorized : reason::success, nullptr};
    }
    void disconnected(const client_info& who, bool clean, std::string_view) override {
        const std::lock_guard lock(mutex_);
        goodbyes_.push_back(who.id + (clean ? " said goodbye" : " vanished"));
    }
    publish_verdict may_publish(const client_info&, const publish_view& m) override {
        if (m.topic == "cut me off") {
            return {publish_verdict::action::disconnect, reason::not_authorized};
        }
        return {};
    }
    reason may_subscribe(const client_info&, std::string_view filter,
                         const subscription_options& wanted, bool) override {
        return filter == "forbidden" ? reason::not_authorized : static_cast<reason>(wanted.level);
    }
    bool may_receive(const client_info&, std::string_view, std::string_view) override {
        return true;
    }
    void resolve(const client_info*, std::string_view, std::string_view,
                 route_builder& to) override {
        to.subscribers();
    }
    std::uint64_t generation() const override { return 1; }

    std::vector<std::string> goodbyes() const {
        const std::lock_guard lock(mutex_);
        return goodbyes_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> goodbyes_;
};

std::shared_ptr<const std::string> text(std::string s) {
    return std::make_shared<const std::string>(std::move(s));
}

class loopback_test : public ::testing::TestWithParam<protocol_version> {
protected:
    loopback_test() { open(); }

    // On the port that it had, or one of the system's choice.
    void open() {
        server_settings settings;
        settings.shards = 2;
        server_ = server::start(settings, rules_, logger()).value();
        listen_settings where;
        where.port = port_;
        port_ = server_->listen(where).value();
    }
    client_options options(std::string id) const {
        client_options o;
        o.version = GetParam();
        o.endpoint.host = "127.0.0.1";
        o.endpoint.port = port_;
        o.client_id = std::move(id);
        o.first_retry = std::chrono::milliseconds(1);
        o.max_retry = std::chrono::milliseconds(5);
        return o;
    }
    client_options kept(std::string id) const {
        auto o = options(std::move(id));
        o.clean_start = false;
        o.session_expiry = 1'000;
        return o;
    }
    std::unique_ptr<client> connect(client_options o) {
        auto made = std::make_unique<client>(io_.get_executor(), std::move(o), logger());
        made->start();
        until([&] { return made->connected(); });
        return made;
    }
    std::unique_ptr<client> connect(std::string id) { return connect(options(std::move(id))); }
    void until(const std::function<bool()>& done) { rt::testing::poll_until(io_, done); }
    result<qos> subscribe(client& who, std::string filter, qos level = qos::exactly_once) {
        std::optional<result<qos>> answer;
        who.subscribe(std::move(filter), level, [&](result<qos> r) { answer = std::move(r); });
        until([&] { return answer.has_value(); });
        return *answer;
    }
    void cut_connections() {
        server_->close_where([](const client_info&) { return true; }, reason::administrative_action,
                             "tested");
    }
    bool speaks_5() const { return GetParam() == protocol_version::v5; }

    asio::io_context io_;
    open_policy rules_;
    std::uint16_t port_ = 0;
    std::unique_ptr<server> server_;
};
INSTANTIATE_TEST_SUITE_P(both, loopback_test,
                         ::testing::Values(protocol_version::v3_1_1, protocol_version::v5),
                         [](const ::testing::TestParamInfo<protocol_version>& each) {
                             return each.param == protocol_version::v5 ? "v5" : "v3_1_1";
                         });

TEST_P(loopback_test, carries_messages_of_every_qos_and_any_size) {
    const auto from = connect("from");
    const auto to = connect("to");
    std::vector<std::size_t> sizes;
    to->on_message = [&](const publish_view& m) { sizes.push_back(m.payload.size()); };
    ASSERT_TRUE(subscribe(*to, "t/#"));
    std::size_t done = 0;
    for (const std::size_t size : {0, 1, 1024, 1025, 100'000}) {
        for (const auto level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
            from->publish("t/x", text(std::string(size, 'x')), level,
                          [&](const result<acknowledgement>& r) { done += r ? 1 : 0; });
        }
    }
    until([&] { return sizes.size() == 15 && done == 15; });
    std::sort(sizes.begin(), sizes.end());
    EXPECT_THAT(sizes, ElementsAre(0, 0, 0, 1, 1, 1, 1024, 1024, 1024, 1025, 1025, 1025, 100'000,
                                   100'000, 100'000));
}

TEST_P(loopback_test, a_burst_arrives_whole_and_in_order) {
    const auto from = connect("from");
    const auto to = connect("to");
    std::vector<int> got;
    to->on_message = [&](const publish_view& m) {
        got.push_back(std::stoi(std::string(m.payload)));
    };
    ASSERT_TRUE(subscribe(*to, "t"));
    for (int i = 0; i < 5'000; ++i) {
        from->publish("t", text(std::to_string(i)), qos::exactly_once, {});
    }
    until([&] { return got.size() == 5'000; });
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
}

TEST_P(loopback_test, properties_and_retained_messages_are_carried) {
    const auto from = connect("from");
    publish_options o;
    o.level = qos::at_least_once;
    o.retain = true;
    if (speaks_5()) {
        o.properties.content_type = "json";
        o.properties.response_topic = "answers";
        o.properties.correlation_data = "17";
        o.properties.user = {{"k", "v"}};
        o.properties.expiry = 1'000;
    }
    bool done = false;
    from->publish("a/long/topic", text("x"), o,
                  [&](const result<acknowledgement>& r) { done = r.has_value(); });
    until([&] { return done; });
    const auto to = connect("to");
    std::vector<received_properties> got;
    to->on_message = [&](const publish_view& m) {
        EXPECT_TRUE(m.retain);
        EXPECT_EQ(m.topic, "a/long/topic");
        got.push_back(read_properties(m.properties));
    };
    subscribe_options wanted;
    wanted.options.level = qos::at_least_once;
    wanted.id = speaks_5() ? 5 : 0;
    to->subscribe("a/#", wanted, {});
    until([&] { return got.size() == 1; });
    EXPECT_LE(got[0].expiry.value_or(0), 1'000U);
    got[0].expiry = o.properties.expiry;
    EXPECT_EQ(static_cast<const message_properties&>(got[0]), o.properties);
    EXPECT_EQ(got[0].subscription_ids.size(), speaks_5() ? 1U : 0U);
}

TEST_P(loopback_test, a_refused_subscription_tells_its_caller) {
    const auto who = connect("who");
    const auto answer = subscribe(*who, "forbidden");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message(),
                HasSubstr(speaks_5() ? "'forbidden': SUBACK 0x87 not authorized"
                                     : "'forbidden': SUBACK 0x80"));
}

TEST_P(loopback_test, stop_says_goodbye) {
    const auto who = connect("who");
    who->stop();
    until([&] { return !rules_.goodbyes().empty(); });
    EXPECT_THAT(rules_.goodbyes(), ElementsAre("who said goodbye"));
    until([&] { return server_->connections() == 0; });
}

TEST_P(loopback_test, the_will_of_a_client_that_vanishes_is_published) {
    const auto to = connect("to");
    std::vector<std::string> got;
    to->on_message = [&](const publish_view& m) { got.emplace_back(m.payload); };
    ASSERT_TRUE(subscribe(*to, "wills"));
    for (const auto* const id : {"says goodbye", "vanishes"}) {
        auto o = options(id);
        o.will = client_will{"wills", id};
        auto who = connect(o);
        if (id == "says goodbye"sv) {
            who->stop();
            until([&] { return !rules_.goodbyes().empty(); });
        }
    }
    until([&] { return !got.empty(); });
    EXPECT_THAT(got, ElementsAre("vanishes"));
    EXPECT_THAT(rules_.goodbyes(), Contains("vanishes vanished"));
}

TEST_P(loopback_test, the_newer_connection_of_a_client_id_takes_over) {
    const auto first = connect("twin");
    std::string reason;
    first->on_state = [&](bool, std::string_view why) {
        reason = why;
        first->stop();
    };
    const auto second = connect("twin");
    until([&] { return !reason.empty(); });
    EXPECT_THAT(reason, HasSubstr(speaks_5() ? "DISCONNECT 0x8e session taken over"
                                             : "the server closed the connection"));
    EXPECT_TRUE(second->connected());
    EXPECT_EQ(server_->connections(), 1U);
}

TEST_P(loopback_test, a_refused_client_is_told_why) {
    client stranger(io_.get_executor(), options("stranger"), logger());
    std::string reason;
    stranger.on_state = [&](bool, std::string_view why) { reason = why; };
    stranger.start();
    until([&] { return !reason.empty(); });
    EXPECT_THAT(reason, HasSubstr("policy"));
    stranger.stop();
}

TEST_P(loopback_test, a_message_that_the_server_refuses_ends_the_connection) {
    const auto who = connect("who");
    std::string reason;
    who->on_state = [&](bool connected, std::string_view why) {
        if (!connected) {
            reason = why;
            who->stop();
        }
    };
    who->publish("cut me off", text("x"), qos::at_most_once, {});
    until([&] { return !reason.empty(); });
    EXPECT_THAT(rules_.goodbyes(), ElementsAre("who vanished"));
    if (speaks_5()) {
        EXPECT_THAT(reason, HasSubstr("DISCONNECT 0x87 not authorized"));
    }
}

TEST_P(loopback_test, a_client_comes_back_with_its_subscriptions_and_what_it_had_to_send) {
    const auto who = connect("who");
    std::vector<std::string> got;
    who->on_message = [&](const publish_view& m) { got.emplace_back(m.payload); };
    ASSERT_TRUE(subscribe(*who, "t"));
    cut_connections();
    until([&] { return !who->connected(); });
    EXPECT_EQ(who->publish("t", text("lost"), qos::at_most_once, {}), send_result::not_connected);
    who->publish("t", text("kept"), qos::exactly_once, {});
    until([&] { return !got.empty(); });
    EXPECT_THAT(got, ElementsAre("kept"));
}

TEST_P(loopback_test, qos_2_stays_exact_and_ordered_while_connections_are_cut) {
    constexpr int messages = 2'000;
    const auto to = connect(kept("to"));
    std::vector<int> got;
    to->on_message = [&](const publish_view& m) {
        got.push_back(std::stoi(std::string(m.payload)));
        if (got.size() % 150 == 0) {
            cut_connections();
        }
    };
    ASSERT_TRUE(subscribe(*to, "t"));
    const auto from = connect(kept("from"));
    int done = 0;
    for (int i = 0; i < messages; ++i) {
        from->publish("t", text(std::to_string(i)), qos::exactly_once,
                      [&](const result<acknowledgement>& r) { done += r ? 1 : 0; });
    }
    until([&] { return done == messages && got.size() >= messages; });
    EXPECT_EQ(got.size(), static_cast<std::size_t>(messages));
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
    EXPECT_TRUE(to->server().session_present);
    EXPECT_GT(rules_.goodbyes().size(), 10U);
}

TEST_P(loopback_test, a_server_that_lost_everything_gets_what_it_had_not_acknowledged) {
    const auto who = connect(kept("who"));
    std::vector<std::string> got;
    who->on_message = [&](const publish_view& m) { got.emplace_back(m.payload); };
    ASSERT_TRUE(subscribe(*who, "t"));
    static_cast<void>(server_->stop());
    until([&] { return !who->connected(); });
    who->publish("t", text("1"), qos::exactly_once, {});
    who->publish("t", text("2"), qos::at_least_once, {});
    open();
    until([&] { return got.size() == 2; });
    EXPECT_FALSE(who->server().session_present);
}

TEST_P(loopback_test, what_waits_when_the_client_stops_is_answered) {
    client who(io_.get_executor(), options("who"), logger());
    std::string answer;
    who.publish("t", text("x"), qos::at_least_once,
                [&](const result<acknowledgement>& done) { answer = done.error().message(); });
    who.stop();
    EXPECT_THAT(answer, HasSubstr("stopped"));
}

TEST_P(loopback_test, a_server_that_breaks_the_rules_is_told_so_in_5_0) {
    asio::ip::tcp::acceptor listening(io_, {asio::ip::make_address("127.0.0.1"), 0});
    asio::ip::tcp::socket peer(io_);
    bool accepted = false;
    listening.async_accept(peer, [&](const boost::system::error_code&) { accepted = true; });
    auto o = options("who");
    o.endpoint.port = listening.local_endpoint().port();
    client who(io_.get_executor(), o, logger());
    std::string reason;
    who.on_state = [&](bool connected, std::string_view why) {
        if (!connected) {
            reason = why;
            who.stop();
        }
    };
    who.start();
    until([&] { return accepted; });
    asio::write(peer, asio::buffer(speaks_5() ? "\x20\x03\0\0\0\x36\x05\0\x01t\0\x01"sv
                                              : "\x20\x02\0\0\x36\x05\0\x01t\0\x01"sv));
    std::string heard;
    bool closed = false;
    asio::async_read(peer, asio::dynamic_buffer(heard),
                     [&](const boost::system::error_code&, std::size_t) { closed = true; });
    until([&] { return closed; });
    EXPECT_THAT(reason, HasSubstr("QoS 3"));
    EXPECT_EQ(heard.ends_with("\xe0\x01\x81"sv), speaks_5());
}

}  // namespace
}  // namespace evergrass::mqtt
