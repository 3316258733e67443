#include "libs/mqtt/client.hpp"
#include "libs/mqtt/server.hpp"
#include "libs/rt/stream.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace evergrass::mqtt {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Every message goes to every client with a matching filter; "forbidden" cannot be subscribed to.
class small_broker : public server_handler {
public:
    explicit small_broker(asio::io_context& io, server_options options = {}, logger log = {})
        : server(io.get_executor(), options, *this, std::move(log)) {
        auto opened = rt::listener::open_plain(
            io.get_executor(), {},
            [this](rt::plain_connection connection) { server.serve(std::move(connection)); },
            logger());
        listener = std::move(opened).value();
    }

    connect_code on_connect(server_connection& from, const connect_info& info) override {
        if (info.client_id == "stranger") {
            return connect_code::not_authorized;
        }
        clients[&from];
        return connect_code::accepted;
    }
    bool on_publish(server_connection&, const publish_view& m) override {
        if (m.topic == "cut me off") {
            return false;
        }
        const auto payload = std::make_shared<const std::string>(m.payload);
        for (const auto& [client, filters] : clients) {
            for (const auto& filter : filters) {
                if (topic_matches(filter, m.topic)) {
                    last_sent = client->publish(m.topic, payload, m.level, false);
                }
            }
        }
        return true;
    }
    std::optional<qos> on_subscribe(server_connection& from, std::string_view filter,
                                    qos wanted) override {
        if (filter == "forbidden") {
            return std::nullopt;
        }
        clients[&from].emplace_back(filter);
        return wanted;
    }
    void on_unsubscribe(server_connection& from, std::string_view filter) override {
        std::erase(clients[&from], filter);
    }
    void on_disconnect(server_connection& from, bool clean, std::string_view reason) override {
        clients.erase(&from);
        goodbyes.push_back(from.info().client_id + (clean ? " clean: " : ": ") +
                           std::string(reason));
    }

    std::map<server_connection*, std::vector<std::string>> clients;
    std::vector<std::string> goodbyes;
    send_result last_sent = send_result::queued;
    std::unique_ptr<rt::listener> listener;
    mqtt::server server;
};

class loopback_test : public ::testing::Test {
protected:
    client_options options(std::string id) const {
        client_options o;
        o.endpoint.host = "127.0.0.1";
        o.endpoint.port = broker_.listener->port();
        o.client_id = std::move(id);
        return o;
    }
    std::unique_ptr<client> connect(std::string id) {
        auto made = std::make_unique<client>(io_.get_executor(), options(std::move(id)), logger());
        made->start();
        until([&] { return made->connected(); });
        return made;
    }
    void until(const std::function<bool()>& done) { rt::testing::run_until(io_, done); }
    void subscribe(client& who, std::string filter, qos level = qos::at_most_once) {
        std::optional<result<qos>> answer;
        who.subscribe(std::move(filter), level, [&](result<qos> r) { answer = std::move(r); });
        until([&] { return answer.has_value(); });
        EXPECT_TRUE(*answer);
    }
    static std::shared_ptr<const std::string> text(std::string s) {
        return std::make_shared<const std::string>(std::move(s));
    }

    asio::io_context io_;
    small_broker broker_{io_};
};

TEST_F(loopback_test, carries_messages_of_both_qos_and_any_size) {
    const auto from = connect("from");
    const auto to = connect("to");
    std::vector<std::size_t> sizes;
    to->on_message = [&](const publish_view& m) { sizes.push_back(m.payload.size()); };
    subscribe(*to, "t/#", qos::at_least_once);
    std::size_t acknowledged = 0;
    for (const std::size_t size : {0, 1, 1024, 1025, 100'000}) {
        from->publish("t/x", text(std::string(size, 'x')), qos::at_most_once, {});
        from->publish("t/x", text(std::string(size, 'x')), qos::at_least_once,
                      [&](const result<void>& done) { acknowledged += done ? 1 : 0; });
    }
    until([&] { return sizes.size() == 10 && acknowledged == 5; });
    EXPECT_THAT(sizes, ElementsAre(0, 0, 1, 1, 1024, 1024, 1025, 1025, 100'000, 100'000));
}

TEST_F(loopback_test, a_burst_arrives_whole_and_in_order) {
    const auto from = connect("from");
    const auto to = connect("to");
    std::vector<int> got;
    to->on_message = [&](const publish_view& m) {
        got.push_back(std::stoi(std::string(m.payload)));
    };
    subscribe(*to, "t");
    for (int i = 0; i < 5'000; ++i) {
        from->publish("t", text(std::to_string(i)), qos::at_most_once, {});
    }
    until([&] { return got.size() == 5'000; });
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
}

TEST_F(loopback_test, a_refused_subscription_tells_its_caller) {
    const auto who = connect("who");
    std::optional<result<qos>> answer;
    who->subscribe("forbidden", qos::at_most_once, [&](result<qos> r) { answer = std::move(r); });
    until([&] { return answer.has_value(); });
    ASSERT_FALSE(*answer);
    EXPECT_THAT(answer->error().message(), HasSubstr("'forbidden'"));
}

TEST_F(loopback_test, stop_says_goodbye) {
    const auto who = connect("who");
    who->stop();
    until([&] { return !broker_.goodbyes.empty(); });
    EXPECT_THAT(broker_.goodbyes, ElementsAre("who clean: the client disconnected"));
    until([&] { return broker_.server.connections() == 0; });
    EXPECT_EQ(broker_.server.find("who"), nullptr);
}

TEST_F(loopback_test, a_client_that_vanishes_did_not_say_goodbye) {
    connect("who").reset();
    until([&] { return !broker_.goodbyes.empty(); });
    EXPECT_THAT(broker_.goodbyes, ElementsAre("who: the client closed the connection"));
}

TEST_F(loopback_test, the_newer_connection_of_a_client_id_takes_over) {
    const auto first = connect("twin");
    std::string reason;
    first->on_state = [&](bool, std::string_view why) {
        reason = why;
        first->stop();
    };
    const auto* const old = broker_.server.find("twin");
    const auto second = connect("twin");
    until([&] { return !reason.empty() && !broker_.goodbyes.empty(); });
    EXPECT_THAT(broker_.goodbyes.at(0), HasSubstr("MQTT-3.1.4-2"));
    EXPECT_NE(broker_.server.find("twin"), old);
    EXPECT_NE(broker_.server.find("twin"), nullptr);
    EXPECT_EQ(broker_.server.connections(), 1U);
    EXPECT_TRUE(second->connected());
}

TEST_F(loopback_test, a_refused_client_is_told_why) {
    client stranger(io_.get_executor(), options("stranger"), logger());
    std::string reason;
    stranger.on_state = [&](bool, std::string_view why) { reason = why; };
    stranger.start();
    until([&] { return !reason.empty(); });
    EXPECT_THAT(reason, HasSubstr("policy"));
    stranger.stop();
}

TEST_F(loopback_test, a_message_that_the_owner_refuses_ends_the_connection) {
    const auto who = connect("who");
    who->publish("cut me off", text("x"), qos::at_most_once, {});
    until([&] { return !broker_.goodbyes.empty(); });
    EXPECT_THAT(broker_.goodbyes, ElementsAre("who: the PUBLISH was refused"));
}

TEST_F(loopback_test, a_client_comes_back_with_its_subscriptions_and_what_it_had_to_send) {
    const auto who = connect("who");
    std::vector<std::string> got;
    who->on_message = [&](const publish_view& m) { got.emplace_back(m.payload); };
    subscribe(*who, "t");
    broker_.server.find("who")->close("tested");
    until([&] { return !who->connected(); });
    EXPECT_EQ(who->publish("t", text("lost"), qos::at_most_once, {}), send_result::not_connected);
    bool acknowledged = false;
    who->publish("t", text("kept"), qos::at_least_once,
                 [&](const result<void>&) { acknowledged = true; });
    until([&] { return acknowledged && !got.empty(); });
    EXPECT_THAT(got, ElementsAre("kept"));
    EXPECT_EQ(broker_.goodbyes.size(), 1U);
}

TEST_F(loopback_test, stopping_the_server_says_goodbye_to_all) {
    const auto a = connect("a");
    const auto b = connect("b");
    broker_.server.stop();
    EXPECT_EQ(broker_.goodbyes.size(), 2U);
    EXPECT_EQ(broker_.server.connections(), 0U);
    until([&] { return !a->connected() && !b->connected(); });
}

TEST_F(loopback_test, what_waits_when_the_client_stops_is_answered) {
    client who(io_.get_executor(), options("who"), logger());
    std::string answer;
    who.publish("t", text("x"), qos::at_least_once,
                [&](const result<void>& done) { answer = done.error().message(); });
    who.stop();
    EXPECT_THAT(answer, HasSubstr("stopped"));
}

// A peer that says exactly what it is told to.
class raw_peer {
public:
    raw_peer(asio::io_context& io, std::uint16_t port) : socket_(io) {
        socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    }
    void send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }
    // Everything until the server closes.
    std::string read_to_end(asio::io_context& io) {
        std::string all;
        bool closed = false;
        asio::async_read(socket_, asio::dynamic_buffer(all),
                         [&](const boost::system::error_code&, std::size_t) { closed = true; });
        rt::testing::run_until(io, [&] { return closed; });
        return all;
    }

private:
    asio::ip::tcp::socket socket_;
};

using namespace std::string_view_literals;
constexpr auto connect_as_x = "\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01x"sv;

TEST_F(loopback_test, a_refusal_is_read_even_when_the_client_went_on_sending) {
    raw_peer peer(io_, broker_.listener->port());
    peer.send("\x10\x14\0\x04MQTT\x04\x02\0\0\0\x08stranger"sv);
    peer.send(std::string(100'000, '\xff'));
    EXPECT_EQ(peer.read_to_end(io_), "\x20\x02\0\x05"sv);
    EXPECT_TRUE(broker_.goodbyes.empty());
}

TEST_F(loopback_test, a_5_0_client_reads_unsupported_protocol_version) {
    raw_peer peer(io_, broker_.listener->port());
    peer.send("\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01x"sv);
    EXPECT_EQ(peer.read_to_end(io_), "\x20\x03\0\x84\0"sv);
}

TEST_F(loopback_test, a_subscriber_that_never_reads_fills_its_bound_and_no_more) {
    raw_peer peer(io_, broker_.listener->port());
    peer.send(connect_as_x);
    peer.send("\x82\x06\0\x01\0\x01t\0"sv);
    const auto from = connect("from");
    until([&] {
        auto* const x = broker_.server.find("x");
        return x != nullptr && !broker_.clients.at(x).empty();
    });
    const auto payload = text(std::string(100'000, 'x'));
    std::size_t acknowledged = 0;
    while (broker_.last_sent == send_result::queued) {
        const auto target = acknowledged + 1;
        from->publish("t", payload, qos::at_least_once,
                      [&](const result<void>&) { ++acknowledged; });
        until([&] { return acknowledged == target; });
        ASSERT_LT(acknowledged, 1'000U);
    }
    EXPECT_EQ(broker_.last_sent, send_result::queue_full);
    EXPECT_NE(broker_.server.find("x"), nullptr);
}

}  // namespace
}  // namespace evergrass::mqtt
