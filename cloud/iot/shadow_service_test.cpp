#include "cloud/iot/shadow_service.hpp"

#include "cloud/iot/shadow_records.hpp"
#include "libs/base/json.hpp"
#include "libs/shadow/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>

namespace evergrass::cloud {
namespace {

using shadow::operation;
using ::testing::ElementsAre;

class turned_clock : public clock {
public:
    wall_time now() const override { return now_; }
    void turn(std::chrono::seconds by) { now_ += by; }

private:
    wall_time now_{std::chrono::seconds(1'000'000)};
};

class device_shadow_service : public ::testing::Test {
protected:
    ~device_shadow_service() override {
        shadows_->stop();
        std::filesystem::remove_all(directory_);
    }

    void begin() {
        shadows_->begin([this](std::string topic, std::string payload, const mqtt::receipt&) {
            const std::lock_guard hold(mutex_);
            said_.emplace_back(std::move(topic), std::move(payload));
        });
    }

    // Over HTTP: "409 Version conflict", or the body.
    std::string ask(operation what, std::string payload = "", std::string name = "") {
        std::promise<result<std::string>> done;
        shadows_->ask({{"T", std::move(name)},
                       what,
                       std::move(payload),
                       [&](const result<std::string>& body) { done.set_value(body); },
                       {}});
        const auto body = done.get_future().get();
        if (body) {
            return *body;
        }
        const auto refused = shadow::to_refusal(body.error());
        return std::to_string(refused.code) + " " + refused.message;
    }
    json::value answer(operation what, std::string payload = "", std::string name = "") {
        const auto body = ask(what, std::move(payload), std::move(name));
        const auto parsed = parse_json(body);
        EXPECT_TRUE(parsed) << body;
        return parsed ? *parsed : json::value();
    }

    // Over MQTT, as the hub delivers it.
    void publish(std::string topic, std::string payload, mqtt::receipt pending = nullptr) {
        mqtt::publish_view view;
        view.topic = topic;
        view.payload = payload;
        shadows_->deliver(mqtt::publication(view, "a client", clock_.now()), pending);
    }
    // What has been said, after all that was asked is done.
    std::vector<std::string> topics_said() {
        ask(operation::get);
        std::vector<std::string> topics;
        const std::lock_guard hold(mutex_);
        for (const auto& [topic, payload] : said_) {
            topics.push_back(topic);
        }
        return topics;
    }
    json::value last_said() {
        ask(operation::get);
        const std::lock_guard hold(mutex_);
        return said_.empty() ? json::value() : parse_json(said_.back().second).value();
    }

    std::filesystem::path directory_ = [] {
        std::string pattern = std::filesystem::temp_directory_path() / "shadow_service_XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    std::unique_ptr<store> state_ = store::open((directory_ / "service.db").string()).value();
    turned_clock clock_;
    std::unique_ptr<shadow_service> shadows_ =
        std::make_unique<shadow_service>(*state_, clock_, logger());
    std::mutex mutex_;
    std::vector<std::pair<std::string, std::string>> said_;
};

TEST_F(device_shadow_service, an_update_over_mqtt_is_answered_there) {
    begin();
    publish("$aws/things/T/shadow/update", R"({"state":{"desired":{"a":1}},"clientToken":"t"})");
    EXPECT_THAT(topics_said(), ElementsAre("$aws/things/T/shadow/update/accepted",
                                           "$aws/things/T/shadow/update/delta",
                                           "$aws/things/T/shadow/update/documents"));
    publish("$aws/things/T/shadow/update", R"({"state":{"reported":{"a":1}}})");
    EXPECT_EQ(topics_said().size(), 5U) << "nothing is left to do: no delta";
    EXPECT_EQ(last_said().at("previous").at("version"), 1);
    EXPECT_EQ(last_said().at("current").at("version"), 2);
    EXPECT_EQ(last_said().at("timestamp"), 1'000'000);
}

TEST_F(device_shadow_service, get_and_delete_over_mqtt) {
    begin();
    publish("$aws/things/T/shadow/get", R"({"clientToken":"t"})");
    EXPECT_EQ(last_said(), parse_json(R"({"code":404,"message":"No shadow exists with name: 'T'",
                                          "timestamp":1000000,"clientToken":"t"})")
                               .value());
    ask(operation::update, R"({"state":{"desired":{"a":1}}})");
    publish("$aws/things/T/shadow/get", "");
    EXPECT_EQ(last_said().at("state").at("delta").at("a"), 1);
    publish("$aws/things/T/shadow/delete", "");
    EXPECT_EQ(last_said(), parse_json(R"({"version":1,"timestamp":1000000})").value());
    publish("$aws/things/T/shadow/delete", "");
    EXPECT_THAT(
        topics_said(),
        ElementsAre("$aws/things/T/shadow/get/rejected", "$aws/things/T/shadow/update/accepted",
                    "$aws/things/T/shadow/update/delta", "$aws/things/T/shadow/update/documents",
                    "$aws/things/T/shadow/get/accepted", "$aws/things/T/shadow/delete/accepted",
                    "$aws/things/T/shadow/delete/rejected"));
}

TEST_F(device_shadow_service, what_is_refused_over_http_is_not_said_over_mqtt) {
    begin();
    EXPECT_EQ(ask(operation::get), "404 No shadow exists with name: 'T'");
    EXPECT_EQ(ask(operation::remove, "", "N"), "404 No shadow exists with name: 'N'");
    EXPECT_EQ(ask(operation::update, "{"), "400 Invalid JSON");
    EXPECT_EQ(ask(operation::update, R"({"state":{},"version":1})"), "409 Version conflict");
    EXPECT_EQ(ask(operation::update,
                  R"({"state":{"desired":{"a":")" + std::string(8192, 'x') + R"("}}})"),
              "413 The payload exceeds the maximum size allowed");
    EXPECT_THAT(topics_said(), ElementsAre());
    EXPECT_EQ(answer(operation::update, R"({"state":{}})").at("version"), 1) << "nothing was kept";
}

TEST_F(device_shadow_service, named_shadows_are_apart_from_the_classic_one) {
    begin();
    answer(operation::update, R"({"state":{"desired":{"a":1}}})");
    answer(operation::update, R"({"state":{"desired":{"a":2}}})", "N");
    EXPECT_EQ(answer(operation::update, R"({"state":{"desired":{"a":3}}})", "N").at("version"), 2);
    EXPECT_EQ(answer(operation::get).at("state").at("desired").at("a"), 1);
    EXPECT_EQ(answer(operation::get, "", "N").at("state").at("desired").at("a"), 3);
    EXPECT_EQ(topics_said().back(), "$aws/things/T/shadow/name/N/update/documents");
    answer(operation::update, R"({"state":{}})", "M");
    answer(operation::update, R"({"state":{}})", "gone");
    answer(operation::remove, "", "gone");
    const auto hold = state_->db().lock();
    EXPECT_THAT(*list_shadow_names(*state_, "T", "", 10), ElementsAre("M", "N"));
    EXPECT_THAT(*list_shadow_names(*state_, "T", "M", 10), ElementsAre("N"));
    EXPECT_THAT(*list_shadow_names(*state_, "T", "", 1), ElementsAre("M"));
    EXPECT_THAT(*list_shadow_names(*state_, "U", "", 10), ElementsAre());
}

TEST_F(device_shadow_service, a_deleted_shadow_goes_on_counting_for_two_days) {
    using namespace std::chrono_literals;
    begin();
    answer(operation::update, R"({"state":{"desired":{"a":1}}})");
    answer(operation::update, R"({"state":{}})");
    answer(operation::remove);
    clock_.turn(48h);
    EXPECT_EQ(answer(operation::update, R"({"state":{"reported":{"b":1}}})").at("version"), 3);
    EXPECT_FALSE(answer(operation::get).at("state").as_object().contains("desired"));
    answer(operation::remove);
    clock_.turn(48h + 1s);
    EXPECT_EQ(ask(operation::get), "404 No shadow exists with name: 'T'");
    EXPECT_EQ(answer(operation::update, R"({"state":{}})").at("version"), 1);
    // The row of one that nobody makes again goes with a later delete.
    answer(operation::update, R"({"state":{}})", "N");
    answer(operation::remove, "", "N");
    clock_.turn(48h + 1s);
    answer(operation::remove);
    std::int64_t rows = 0;
    ASSERT_TRUE(state_->db().query("test.count", "SELECT count(*) FROM shadows", {},
                                   [&](const db::row& row) { rows = row.integer(0); }));
    EXPECT_EQ(rows, 1);
}

TEST_F(device_shadow_service, what_came_before_the_beginning_is_done_in_its_order) {
    for (int i = 0; i < 1000; ++i) {
        publish("$aws/things/T/shadow/update", R"({"state":{"desired":{"a":)" + std::to_string(i) +
                                                   "}},\"version\":" + std::to_string(i) + "}");
    }
    begin();
    EXPECT_EQ(answer(operation::get).at("version"), 1000);
    EXPECT_EQ(answer(operation::get).at("state").at("desired").at("a"), 999);
    EXPECT_EQ(topics_said().size(), 3000U);
}

TEST_F(device_shadow_service, a_receipt_is_kept_until_all_is_said) {
    auto pending = std::make_shared<int>();
    publish("$aws/things/T/shadow/update", R"({"state":{}})", pending);
    EXPECT_EQ(pending.use_count(), 2);
    begin();
    topics_said();
    shadows_->stop();
    EXPECT_EQ(pending.use_count(), 1);
}

TEST_F(device_shadow_service, a_shadow_whose_row_is_damaged_fails_alone) {
    ASSERT_TRUE(state_->db().run("test.damage",
                                 "INSERT INTO shadows VALUES('T', 'bad', 1, '{\"state\":', 0)"));
    for (const auto* name : {"one", "bad", "two"}) {
        publish("$aws/things/T/shadow/name/" + std::string(name) + "/update", R"({"state":{}})");
    }
    begin();
    EXPECT_THAT(topics_said(), ElementsAre("$aws/things/T/shadow/name/one/update/accepted",
                                           "$aws/things/T/shadow/name/one/update/documents",
                                           "$aws/things/T/shadow/name/bad/update/rejected",
                                           "$aws/things/T/shadow/name/two/update/accepted",
                                           "$aws/things/T/shadow/name/two/update/documents"));
    EXPECT_EQ(ask(operation::get, "", "bad"), "500 Internal service failure");
}

TEST_F(device_shadow_service, a_full_disk_refuses_updates_and_serves_gets) {
    const auto allow_pages = [&](const std::string& count) {
        const auto hold = state_->db().lock();
        ASSERT_TRUE(state_->db().query("test.pages" + count, "PRAGMA max_page_count=" + count, {},
                                       [](const db::row&) {}));
    };
    const auto large = R"({"state":{"reported":{"a":")" + std::string(8000, 'x') + R"("}}})";
    begin();
    answer(operation::update, R"({"state":{"desired":{"b":1}}})");
    allow_pages("1");  // no more than there are
    EXPECT_EQ(ask(operation::update, large), "500 Internal service failure");
    EXPECT_EQ(answer(operation::get).at("version"), 1);
    said_.clear();
    shadows_->stop();
    shadows_ = std::make_unique<shadow_service>(*state_, clock_, logger());
    for (const auto* what : {"get", "update", "get"}) {  // in one transaction
        publish("$aws/things/T/shadow/" + std::string(what), what[0] == 'u' ? large : "");
    }
    begin();
    EXPECT_THAT(topics_said(), ElementsAre("$aws/things/T/shadow/get/accepted",
                                           "$aws/things/T/shadow/update/rejected",
                                           "$aws/things/T/shadow/get/accepted"));
    EXPECT_EQ(last_said().at("version"), 1);
    allow_pages("100000");
    EXPECT_EQ(answer(operation::update, large).at("version"), 2);
}

TEST_F(device_shadow_service, more_than_may_wait_is_refused_and_told_so) {
    const std::string large(1024 * 1024, ' ');
    for (int i = 0; i < 64; ++i) {
        publish("$aws/things/T/shadow/update", large);
    }
    publish("$aws/things/T/shadow/name/late/update", R"({"state":{}})");
    begin();
    const auto topics = topics_said();
    ASSERT_EQ(topics.size(), 65U);
    EXPECT_EQ(topics.back(), "$aws/things/T/shadow/name/late/update/rejected");
    EXPECT_EQ(last_said().at("code"), 429);
    EXPECT_EQ(answer(operation::update, R"({"state":{}})", "late").at("version"), 1);
}

TEST_F(device_shadow_service, nobody_waits_for_a_service_that_has_stopped) {
    std::promise<result<std::string>> early;
    shadows_->ask({{"T", ""},
                   operation::get,
                   "",
                   [&](const result<std::string>& body) { early.set_value(body); },
                   {}});
    shadows_->stop();  // before it began
    EXPECT_FALSE(early.get_future().get());
    EXPECT_EQ(ask(operation::get).substr(0, 3), "429");
}

}  // namespace
}  // namespace evergrass::cloud
