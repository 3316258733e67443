#include "edge/shadows/shadow_service.hpp"

#include "edge/shadows/admin_request.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/shadow/change.hpp"
#include "libs/shadow/errors.hpp"
#include "libs/shadow/print.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;
using shadow::operation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const endpoint shadow_end{endpoint_kind::shadow_service, ""};
const endpoint lamp{endpoint_kind::device, "lamp"};

struct device_sink final : sink {
    std::optional<drop_reason> deliver(const endpoint&, const endpoint&,
                                       const message& m) override {
        got.emplace_back(m.topic, *m.payload);
        return std::nullopt;
    }
    std::vector<std::pair<std::string, std::string>> got;
};

class core_shadows : public ::testing::Test {
protected:
    core_shadows() {
        messages_.set_sink(endpoint_kind::device, &devices_);
        start();
    }
    ~core_shadows() override {
        service_.reset();
        messages_.set_sink(endpoint_kind::device, nullptr);
        fs::remove_all(directory_);
    }

    void start(std::int64_t most_shadows = 10'000) {
        service_.reset();
        shadow_settings settings;
        settings.file = directory_ / "shadows.db";
        settings.worker.most_shadows = most_shadows;
        service_ = std::make_unique<shadow_service>(io_.get_executor(), settings, messages_, time_,
                                                    logger());
        service_->to_cloud = [this](std::string topic, std::string payload) {
            to_cloud_.emplace_back(std::move(topic), std::move(payload));
        };
        ASSERT_TRUE(service_->open());
    }
    void route(const std::vector<std::pair<std::string, bool>>& subjects) {
        std::vector<contract::subscription> all;
        for (const auto& [subject, to_service] : subjects) {
            const std::string device = "arn:aws:iot:us-east-1:123456789012:thing/lamp";
            all.push_back({"s", to_service ? device : "GGShadowService", subject,
                           to_service ? "GGShadowService" : device});
        }
        messages_.set_table(routing_table::build(all).value());
    }
    void publish(const std::string& topic, std::string payload) {
        messages_.publish(lamp, {topic, std::make_shared<const std::string>(std::move(payload))});
    }
    void run_until(const std::function<bool()>& happened) {
        io_.restart();
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        const auto work = boost::asio::make_work_guard(io_);
        while (!happened() && std::chrono::steady_clock::now() < limit) {
            io_.run_one_for(std::chrono::seconds(1));
        }
        ASSERT_TRUE(happened());
    }
    // "409 Version conflict", or the body.
    std::string ask(operation what, std::string payload = "", std::string name = "") {
        std::optional<std::string> got;
        service_->ask({"lamp", std::move(name)}, what, std::move(payload),
                      [&](const result<std::string>& body) {
                          if (body) {
                              got = *body;
                          } else {
                              const auto refused = shadow::to_refusal(body.error());
                              got = std::to_string(refused.code) + " " + refused.message;
                          }
                      });
        run_until([&] { return got.has_value(); });
        return got.value_or("");
    }
    std::string ask_admin(std::string body) {
        std::optional<std::string> got;
        boost::asio::co_spawn(
            io_,
            [&]() -> boost::asio::awaitable<void> {
                got = (co_await answer_shadow_request(*service_, std::move(body))).body;
            },
            boost::asio::detached);
        run_until([&] { return got.has_value(); });
        return got.value_or("");
    }
    std::vector<std::string> topics() const {
        std::vector<std::string> all;
        for (const auto& [topic, payload] : devices_.got) {
            all.push_back(topic.substr(topic.find("shadow/") + 7));
        }
        return all;
    }

    fs::path directory_ = [] {
        std::string pattern = fs::temp_directory_path() / "core_shadows_XXXXXX";
        return fs::path(::mkdtemp(pattern.data()));
    }();
    clock time_;
    boost::asio::io_context io_;
    router messages_{logger()};
    device_sink devices_;
    std::vector<std::pair<std::string, std::string>> to_cloud_;
    std::unique_ptr<shadow_service> service_;
};

TEST_F(core_shadows, answer_a_device_on_the_topics_that_its_subscriptions_allow) {
    route({{"$aws/things/lamp/shadow/update", true},
           {"$aws/things/lamp/shadow/get", true},
           {"$aws/things/lamp/shadow/update/accepted", false},
           {"$aws/things/lamp/shadow/update/delta", false},
           {"$aws/things/lamp/shadow/get/+", false}});
    publish("$aws/things/lamp/shadow/get", "");
    publish("$aws/things/lamp/shadow/update", R"({"state":{"desired":{"on":true}}})");
    publish("$aws/things/lamp/shadow/update", "no JSON");  // `rejected` has no way
    publish("$aws/things/lamp/shadow/get", R"({"clientToken":"t"})");
    run_until([&] { return devices_.got.size() == 4; });
    EXPECT_THAT(topics(),
                ElementsAre("get/rejected", "update/accepted", "update/delta", "get/accepted"));
    EXPECT_THAT(devices_.got[0].second, HasSubstr(R"("code":404)"));
    EXPECT_THAT(devices_.got[3].second, HasSubstr(R"("clientToken":"t")"));
    // What no subscription asks for is not a loss.
    for (const auto count : messages_.drops()) {
        EXPECT_EQ(count, 0U);
    }
}

TEST_F(core_shadows, a_topic_that_asks_for_nothing_is_a_counted_loss) {
    route({{"$aws/things/lamp/shadow/#", true}});
    publish("$aws/things/lamp/shadow/update/accepted", "{}");
    EXPECT_EQ(messages_.drops()[static_cast<std::size_t>(drop_reason::not_a_shadow_request)], 1U);
    EXPECT_FALSE(service_->would_drop(shadow_end, "$aws/things/lamp/shadow/get"));
}

TEST_F(core_shadows, what_was_answered_is_there_after_a_restart) {
    EXPECT_THAT(ask(operation::update, R"({"state":{"reported":{"t":21.5}}})"),
                HasSubstr(R"("version":1)"));
    EXPECT_THAT(ask(operation::update, R"({"state":{"reported":{"n":1}}})", "named"),
                HasSubstr(R"("version":1)"));
    start();
    EXPECT_THAT(ask(operation::get), HasSubstr(R"("reported":{"t":21.5})"));
    EXPECT_THAT(ask(operation::get, "", "named"), HasSubstr(R"("reported":{"n":1})"));
    EXPECT_THAT(ask(operation::remove), HasSubstr(R"("version":1)"));
    EXPECT_EQ(ask(operation::get), "404 No shadow exists with name: 'lamp'");
}

TEST_F(core_shadows, functions_get_a_body_in_each_case) {
    std::vector<std::string> got;
    const auto keep = [&](std::string body) { got.push_back(std::move(body)); };
    service_->ask_as_function("$aws/things/lamp/shadow/get", "{}", keep);
    service_->ask_as_function("$aws/things/lamp/shadow/update",
                              R"({"state":{"desired":{"a":1}},"version":7})", keep);
    service_->ask_as_function("lamp", "", keep);
    EXPECT_THAT(got, IsEmpty());  // not within the call
    run_until([&] { return got.size() == 3; });
    for (const auto* expected : {R"("code":404)", R"("code":409)", "custom.subject"}) {
        EXPECT_THAT(got, ::testing::Contains(HasSubstr(expected)));
    }
}

TEST_F(core_shadows, have_a_limit) {
    start(2);
    for (const auto* name : {"a", "b"}) {
        EXPECT_THAT(ask(operation::update, R"({"state":{}})", name), HasSubstr("\"version\":1"));
    }
    EXPECT_THAT(ask(operation::update, R"({"state":{}})", "c"), StartsWith("429 The core has 2"));
    EXPECT_THAT(ask(operation::update, R"({"state":{}})", "a"), HasSubstr("\"version\":2"));
    ask(operation::remove, "", "b");
    EXPECT_THAT(ask(operation::update, R"({"state":{}})", "c"), HasSubstr("\"version\":1"));
}

TEST_F(core_shadows, are_gone_after_a_reset) {
    ask(operation::update, R"({"state":{}})");
    service_->clear();
    EXPECT_THAT(ask(operation::get), StartsWith("404"));
}

TEST_F(core_shadows, nobody_waits_for_a_service_that_has_stopped_or_has_no_file) {
    service_->stop();
    EXPECT_THAT(ask(operation::get), StartsWith("500"));
    fs::create_directories(directory_ / "blocked.db");
    shadow_settings settings;
    settings.file = directory_ / "blocked.db";
    service_.reset();
    service_ =
        std::make_unique<shadow_service>(io_.get_executor(), settings, messages_, time_, logger());
    EXPECT_FALSE(service_->open());
    EXPECT_THAT(ask(operation::get), StartsWith("500"));
}

TEST_F(core_shadows, are_synced_and_devices_hear_of_it) {
    route({{"$aws/things/lamp/shadow/update/delta", false}});
    ask(operation::update, R"({"state":{"reported":{"on":false}}})");
    EXPECT_THAT(
        sync_filters({{{"lamp", ""}, sync_direction::both}}),
        ElementsAre("$aws/things/lamp/shadow/+/accepted", "$aws/things/lamp/shadow/+/rejected"));
    service_->follow({{{"lamp", ""}, sync_direction::both}});
    EXPECT_FALSE(service_->hear("$aws/things/pump/shadow/get/accepted", "{}"));
    EXPECT_FALSE(service_->hear("some/topic", "{}"));
    service_->link(true);
    run_until([&] { return to_cloud_.size() == 1; });
    EXPECT_EQ(to_cloud_[0].first, "$aws/things/lamp/shadow/get");
    const auto token = string_member(parse_json(to_cloud_[0].second)->get_object(), "clientToken");
    EXPECT_TRUE(service_->hear(
        "$aws/things/lamp/shadow/get/accepted",
        R"({"state":{"desired":{"on":true}},"version":3,"clientToken":")" + *token + "\"}"));
    run_until([&] { return to_cloud_.size() == 2 && !devices_.got.empty(); });
    EXPECT_THAT(to_cloud_[1].second,
                StartsWith(R"({"state":{"reported":{"on":false}},"version":3,)"));
    EXPECT_THAT(devices_.got[0].second, HasSubstr(R"("state":{"on":true})"));
    EXPECT_EQ(service_->synced().followed, 1U);
}

TEST_F(core_shadows, are_read_and_changed_over_the_admin_socket) {
    EXPECT_THAT(ask_admin(R"({"operation":"get","thing":"lamp"})"),
                HasSubstr(R"({"rejected":{"code":404)"));
    EXPECT_THAT(ask_admin(R"({"operation":"update","thing":"lamp","name":"n",)"
                          R"("payload":"{\"state\":{\"desired\":{\"a\":1}}}"})"),
                StartsWith(R"({"accepted":{"state":)"));
    EXPECT_EQ(ask_admin(R"({"operation":"list"})"), R"({"shadows":[{"thing":"lamp","name":"n"}]})");
    EXPECT_THAT(ask_admin(R"({"operation":"watch","thing":"lamp","name":"n","version":0})"),
                HasSubstr(R"("version":1)"));
    for (const auto* wrong :
         {"", "7", "{}", R"({"operation":"get"})", R"({"operation":"make","thing":"lamp"})",
          R"({"operation":"get","thing":"a b"})", R"({"operation":"get","thing":"a","name":"/"})",
          R"({"operation":"get","thing":7})", R"({"operation":"watch","thing":"a","version":-1})",
          R"({"operation":"get","thing":"a","more":1})"}) {
        EXPECT_THAT(ask_admin(wrong), HasSubstr(R"({"message":)")) << wrong;
    }
}

TEST_F(core_shadows, a_watch_waits_for_a_change) {
    ask(operation::update, R"({"state":{}})");
    std::optional<std::string> got;
    boost::asio::co_spawn(
        io_,
        [&]() -> boost::asio::awaitable<void> {
            got = (co_await answer_shadow_request(
                       *service_, R"({"operation":"watch","thing":"lamp","version":1})"))
                      .body;
        },
        boost::asio::detached);
    EXPECT_THAT(ask(operation::get), HasSubstr(R"("version":1)"));
    EXPECT_FALSE(got);
    ask(operation::update, R"({"state":{"desired":{"x":1}}})");
    run_until([&] { return got.has_value(); });
    EXPECT_THAT(*got, HasSubstr(R"("version":2)"));
}

}  // namespace
}  // namespace evergrass::edge
