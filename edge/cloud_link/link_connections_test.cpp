#include "edge/cloud_link/link_connections.hpp"

#include "edge/cloud_link/session_file.hpp"
#include "libs/mqtt/server.hpp"
#include "libs/rt/test_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <unistd.h>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using enum mqtt::qos;

// A cloud that remembers who is subscribed to what, and what was asked; its server has threads of
// its own.
class cloud_of_filters : public mqtt::policy {
public:
    cloud_of_filters() {
        mqtt::server_settings settings;
        settings.shards = 1;
        server_ = mqtt::server::start(settings, *this, logger()).value();
        port = server_->listen({}).value();
    }

    void publish(std::string topic, std::string payload) {
        auto message = std::make_shared<mqtt::stored_message>();
        message->topic = std::move(topic);
        message->payload = std::make_shared<const std::string>(std::move(payload));
        message->level = at_least_once;
        server_->publish(std::move(message));
    }
    void cut(bool accept) {
        accepts = accept;
        server_->close_where([](const mqtt::client_info&) { return true; },
                             mqtt::reason::server_shutting_down, "cut");
    }
    bool is_connected(std::string_view id) const { return server_->is_connected(id); }
    std::size_t connections() const { return server_->connections(); }
    std::map<std::string, std::set<std::string>> filters() const {
        const std::lock_guard lock(mutex_);
        return filters_;
    }
    std::vector<std::string> take_asked() {
        const std::lock_guard lock(mutex_);
        return std::exchange(asked_, {});
    }
    void refuse(std::set<std::string> filters) {
        const std::lock_guard lock(mutex_);
        refused_ = std::move(filters);
    }

    std::uint16_t port = 0;
    std::atomic<bool> accepts{true};
    std::atomic<int> connects{0};

    mqtt::admission admit(const mqtt::client_identity&, std::string_view,
                          const mqtt::connect_packet&) override {
        ++connects;
        return {accepts ? mqtt::reason::success : mqtt::reason::not_authorized, nullptr};
    }
    void connected(const mqtt::client_info& who, bool session_present) override {
        const std::lock_guard lock(mutex_);
        if (!session_present) {
            filters_[who.id].clear();
        }
    }
    mqtt::publish_verdict may_publish(const mqtt::client_info&,
                                      const mqtt::publish_view&) override {
        return {};
    }
    mqtt::reason may_subscribe(const mqtt::client_info&, std::string_view filter,
                               const mqtt::subscription_options& wanted, bool) override {
        const std::lock_guard lock(mutex_);
        asked_.push_back("+" + std::string(filter));
        return refused_.contains(std::string(filter)) ? mqtt::reason::not_authorized
                                                      : static_cast<mqtt::reason>(wanted.level);
    }
    void subscribed(const mqtt::client_info& who,
                    std::span<const std::string_view> filters) override {
        const std::lock_guard lock(mutex_);
        for (const auto filter : filters) {
            filters_[who.id].emplace(filter);
        }
    }
    void unsubscribed(const mqtt::client_info& who,
                      std::span<const std::string_view> filters) override {
        const std::lock_guard lock(mutex_);
        for (const auto filter : filters) {
            asked_.push_back("-" + std::string(filter));
            filters_[who.id].erase(std::string(filter));
        }
    }
    bool may_receive(const mqtt::client_info&, std::string_view, std::string_view) override {
        return true;
    }
    void resolve(const mqtt::client_info*, std::string_view, std::string_view,
                 mqtt::route_builder& to) override {
        to.subscribers();
    }
    std::uint64_t generation() const override { return 1; }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::set<std::string>> filters_;
    std::vector<std::string> asked_;
    std::set<std::string> refused_;
    std::unique_ptr<mqtt::server> server_;
};

struct link_connections_fixture : ::testing::Test {
    cloud_of_filters cloud;
    asio::io_context io;
    std::unique_ptr<mqtt::client> first;
    std::unique_ptr<link_connections> link;
    std::vector<std::string> got;
    std::vector<bool> ups;
    std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("connections_test_" + std::to_string(::getpid()));

    ~link_connections_fixture() override {
        end();
        std::filesystem::remove_all(directory);
    }

    void until(const std::function<bool()>& done) { rt::testing::poll_until(io, done); }

    link_connections_settings settings(std::size_t filters) const {
        link_connections_settings out;
        out.options.endpoint.host = "127.0.0.1";
        out.options.endpoint.port = cloud.port;
        out.options.client_id = "Core-c00";
        out.options.first_retry = 1ms;
        out.options.max_retry = 2ms;
        out.client_ids = "Core-c";
        out.filters_per_connection = filters;
        out.sessions_file = directory / "sessions.json";
        out.first_refused_retry = 1ms;
        out.max_refused_retry = 2ms;
        return out;
    }

    void begin(std::size_t filters = 2) {
        const auto chosen = settings(filters);
        first = std::make_unique<mqtt::client>(io.get_executor(), chosen.options, logger());
        link = std::make_unique<link_connections>(io.get_executor(), *first, chosen, logger());
        first->on_message = [this](const mqtt::publish_view& m) { link->heard(m); };
        first->on_state = [this](bool up, std::string_view why) { link->changed(up, why); };
        link->on_message = [this](const mqtt::publish_view& m) {
            got.push_back(std::string(m.topic) + "=" + std::string(m.payload));
        };
        link->on_up = [this](bool up) { ups.push_back(up); };
        first->start();
        link->start();
    }

    void end() {
        if (link) {
            link->stop();
            first->stop();
            until([this] { return cloud.connections() == 0; });
        }
        link.reset();
        first.reset();
        io.restart();
        io.poll();
    }

    void want(const std::vector<std::string>& filters, bool kept = false,
              std::set<std::string> watched = {}) {
        wanted_filters all;
        for (const auto& filter : filters) {
            all[filter] = {at_least_once, kept};
        }
        link->want(all, std::move(watched));
    }

    bool has(const std::string& id, const std::set<std::string>& filters) const {
        const auto all = cloud.filters();
        const auto found = all.find(id);
        return found != all.end() && found->second == filters;
    }
};

TEST_F(link_connections_fixture, spreads_the_filters_and_leaves_them_where_they_are) {
    begin();
    want({"a", "b", "c", "d", "e"});
    until([this] {
        return has("Core-c00", {"a", "b"}) && has("Core-c01", {"c", "d"}) && has("Core-c02", {"e"});
    });
    EXPECT_THAT(cloud.take_asked(), UnorderedElementsAre("+a", "+b", "+c", "+d", "+e"));
    const auto states = link->states();
    ASSERT_EQ(states.size(), 3U);
    EXPECT_EQ(states[1].client_id, "Core-c01");
    EXPECT_EQ(states[1].filters, 2U);
    EXPECT_TRUE(states[1].connected);
    EXPECT_GT(states[1].since, wall_time());
    EXPECT_EQ(states[1].last_error, "");
    want({"b", "e", "f"});
    until([this] {
        return has("Core-c00", {"b", "f"}) && has("Core-c02", {"e"}) && cloud.connections() == 2;
    });
    EXPECT_THAT(cloud.take_asked(), UnorderedElementsAre("-a", "-c", "-d", "+f"));
    EXPECT_FALSE(cloud.is_connected("Core-c01"));
    for (const auto* topic : {"b", "e", "f"}) {
        cloud.publish(topic, "1");
    }
    until([this] { return got.size() == 3; });
    EXPECT_THAT(got, UnorderedElementsAre("b=1", "e=1", "f=1"));
}

TEST_F(link_connections_fixture, a_wider_filter_takes_over_without_a_gap) {
    begin(10);
    want({"a/b", "a/c"});
    until([this] { return has("Core-c00", {"a/b", "a/c"}); });
    static_cast<void>(cloud.take_asked());
    want({"a/+"});
    until([this] { return has("Core-c00", {"a/+"}); });
    EXPECT_EQ(cloud.take_asked().front(), "+a/+");
    want({"a/b"});
    until([this] { return has("Core-c00", {"a/b"}); });
    EXPECT_THAT(cloud.take_asked(), ElementsAre("+a/b", "-a/+"));
}

TEST_F(link_connections_fixture, a_message_that_two_connections_get_comes_once) {
    begin(10);
    want({"+/x", "a/+"});
    until([this] { return has("Core-c00", {"+/x"}) && has("Core-c01", {"a/+"}); });
    for (int round = 0; round < 3; ++round) {
        got.clear();
        const auto n = std::to_string(round);
        cloud.publish("a/x", n);
        cloud.publish("b/x", n);  // what its connection brings last
        cloud.publish("a/y", n);
        until([&] {
            const auto came = [&](const std::string& m) {
                return std::find(got.begin(), got.end(), m) != got.end();
            };
            return came("b/x=" + n) && came("a/y=" + n);
        });
        EXPECT_THAT(got, UnorderedElementsAre("a/x=" + n, "b/x=" + n, "a/y=" + n));
        if (round == 0) {
            static_cast<void>(cloud.take_asked());
            cloud.cut(true);
            std::vector<std::string> asked;
            until([&] {
                for (auto& one : cloud.take_asked()) {
                    asked.push_back(std::move(one));
                }
                return asked.size() == 4 && has("Core-c00", {"+/x"}) && has("Core-c01", {"a/+"});
            });
            // Its first message after the SUBACK tells that each has heard of it.
            cloud.publish("b/x", "back");
            cloud.publish("a/y", "back");
            until([&] {
                return std::count(got.begin(), got.end(), "b/x=back") != 0 &&
                       std::count(got.begin(), got.end(), "a/y=back") != 0;
            });
        }
    }
}

TEST_F(link_connections_fixture, a_refused_filter_is_asked_for_again_until_it_is_granted) {
    cloud.refuse({"b"});
    begin();
    want({"a", "b", "c"});
    until([this] { return has("Core-c00", {"a"}) && has("Core-c01", {"c"}); });
    int times = 0;
    until([&] {
        const auto asked = cloud.take_asked();
        times += static_cast<int>(std::count(asked.begin(), asked.end(), "+b"));
        return times >= 4;
    });
    cloud.refuse({});
    until([this] { return has("Core-c00", {"a", "b"}); });
    // Another one that is refused, and then wanted no more.
    cloud.refuse({"x"});
    want({"a", "x"});
    until([this] { return has("Core-c00", {"a"}); });
    want({"a"});
    until([&] {
        const auto asked = cloud.take_asked();
        return std::find(asked.begin(), asked.end(), "-x") != asked.end() || asked.empty();
    });
}

TEST_F(link_connections_fixture, is_up_when_all_that_watched_filters_need_is) {
    begin(1);
    want({"a", "b"}, false, {"b"});
    until([this] { return !ups.empty() && cloud.connections() == 2; });
    EXPECT_THAT(ups, ElementsAre(true));
    cloud.cut(false);
    until([this] { return ups.size() == 2; });
    until([this] { return !link->states()[1].last_error.empty(); });
    cloud.accepts = true;
    until([this] { return ups.size() == 3; });
    EXPECT_THAT(ups, ElementsAre(true, false, true));
}

TEST_F(link_connections_fixture, a_kept_session_brings_what_came_while_the_core_was_away) {
    begin();
    want({"a", "b", "c"}, true);
    until([this] { return has("Core-c01", {"a", "b"}) && has("Core-c02", {"c"}); });
    EXPECT_THAT(read_session_file(directory / "sessions.json").value().filters.at(1),
                ElementsAre("a", "b"));
    end();
    for (const auto* topic : {"a", "c", "b"}) {
        cloud.publish(topic, "1");
    }
    begin();
    // The next run wants one of them no more; none moves.
    want({"a", "c", "new"}, true);
    until([this] { return has("Core-c01", {"a", "new"}) && has("Core-c02", {"c"}); });
    // What waited on the third came with the session, and is for the router to drop.
    until([this] { return got.size() == 3; });
    EXPECT_THAT(got, UnorderedElementsAre("a=1", "b=1", "c=1"));
    // Sessions that nobody needs are emptied and left.
    want({"a", "c", "new"});
    until([this] {
        return has("Core-c00", {"a", "c"}) && has("Core-c01", {}) && has("Core-c02", {}) &&
               has("Core-c03", {"new"}) && cloud.connections() == 2;
    });
    until(
        [this] { return read_session_file(directory / "sessions.json").value().filters.empty(); });
}

TEST_F(link_connections_fixture, connects_anew_when_it_is_told_to) {
    begin();
    want({"a", "b", "c"});
    until([this] { return has("Core-c00", {"a", "b"}) && has("Core-c01", {"c"}); });
    const auto before = cloud.connects.load();
    link->renew("the certificate changed");
    until([&] { return cloud.connects == before + 2 && cloud.connections() == 2; });
    EXPECT_EQ(link->states()[0].last_error, "the certificate changed");
    until([this] { return link->states()[0].connected && link->states()[1].connected; });
    until([this] { return has("Core-c00", {"a", "b"}) && has("Core-c01", {"c"}); });
    cloud.publish("c", "1");
    until([this] { return got.size() == 1; });
}

}  // namespace
}  // namespace evergrass::edge
