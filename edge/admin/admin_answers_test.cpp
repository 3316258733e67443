#include "edge/admin/admin_answers.hpp"

#include "libs/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace evergrass::edge {
namespace {

using ::testing::HasSubstr;

std::string thing(const std::string& name) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + name;
}

struct state_sink : sink {
    std::optional<drop_reason> deliver(const endpoint&, const endpoint&, const message&) override {
        return state;
    }
    std::optional<drop_reason> would_drop(const endpoint&, std::string_view) const override {
        return state;
    }
    std::optional<drop_reason> would_refuse(const endpoint& source) const override {
        return source.name == "stranger" ? std::optional(drop_reason::certificate_not_in_group)
                                         : std::nullopt;
    }
    std::optional<drop_reason> state;
};

class admin_answers_test : public ::testing::Test {
protected:
    admin_answers_test() {
        messages_.set_table(*routing_table::build({{"s1", thing("pump"), "t/+", thing("lamp")}}));
        messages_.set_sink(endpoint_kind::device, &devices_);
        core_.thing = "core";
        core_.deployment_id = "d-1";
        core_.devices = {{"pump", true}, {"lamp", false}};
        core_.mqtt.connections = 1;
        core_.mqtt.handshakes = 5;
        core_.mqtt.handshakes_resumed = 2;
        core_.mqtt.journal.emplace().failing = "no space left on device";
        core_.functions = {{"arn:aws:lambda:us-east-1:123456789012:function:f:1", "Working", 1, 7}};
    }

    http::response ask(std::string method, std::string target, std::string body = "") {
        http::request r;
        r.method = std::move(method);
        r.target = std::move(target);
        r.body = std::move(body);
        return admin_answer(r, messages_, core_);
    }
    json::value json_of(const http::response& r) { return parse_json(r.body).value(); }
    void publish(const std::string& topic) {
        messages_.publish({endpoint_kind::device, "pump"},
                          {topic, std::make_shared<const std::string>("x")});
    }

    state_sink devices_;
    core_snapshot core_;
    router messages_{logger()};
};

TEST_F(admin_answers_test, metrics_have_a_line_for_each_drop_reason) {
    devices_.state = drop_reason::queue_full;
    publish("t/x");
    publish("elsewhere");
    const auto r = ask("GET", "/metrics");
    EXPECT_EQ(r.status, 200);
    EXPECT_THAT(r.headers.get("content-type").value(), HasSubstr("version=0.0.4"));
    for (const auto& text : drop_reasons()) {
        EXPECT_THAT(r.body, HasSubstr("\nevergrass_drops_total{reason=\"" + std::string(text.name) +
                                      "\"} "));
    }
    EXPECT_THAT(r.body, HasSubstr("evergrass_drops_total{reason=\"queue_full\"} 1\n"));
    EXPECT_THAT(r.body, HasSubstr("evergrass_drops_total{reason=\"subject_differs\"} 1\n"));
    EXPECT_THAT(r.body, HasSubstr("evergrass_messages_published_total{source=\"device\"} 2\n"));
    EXPECT_THAT(r.body, HasSubstr("evergrass_devices_connected 1\n"));
    EXPECT_THAT(r.body, HasSubstr("evergrass_mqtt_handshakes_total{outcome=\"full\"} 3\n"));
    EXPECT_THAT(r.body, HasSubstr("evergrass_mqtt_journal_failing 1\n"));
    EXPECT_THAT(r.body,
                HasSubstr("evergrass_function_invocations_total{function=\"function:f:1\"} 7\n"));
}

// Each sample's family is declared once, before it, and no sample appears twice.
TEST_F(admin_answers_test, metrics_keep_the_rules_of_the_format) {
    const auto body = ask("GET", "/metrics").body;
    std::set<std::string> families;
    std::set<std::string> samples;
    std::string family;
    for (std::size_t at = 0; at < body.size();) {
        const auto end = body.find('\n', at);
        ASSERT_NE(end, std::string::npos) << "the last line has no line break";
        const auto line = body.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("# TYPE ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(families.insert(family).second) << family;
        } else if (!line.starts_with("# HELP ")) {
            EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), family);
            EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
        }
    }
    EXPECT_GT(samples.size(), 40U);
}

TEST_F(admin_answers_test, subscriptions_tell_what_each_has_carried) {
    messages_.set_table(*routing_table::build(
        {{"s1", thing("pump"), "t/+", thing("lamp")}, {"s2", thing("pump"), "u", thing("lamp")}}));
    publish("t/x");
    publish("t/y");
    const auto all = json_of(ask("GET", "/subscriptions")).at("subscriptions").as_array();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].at("subscription"), "s1");
    EXPECT_EQ(all[0].at("source"), "thing:pump");
    EXPECT_EQ(all[0].at("subject"), "t/+");
    EXPECT_EQ(all[0].at("target"), "thing:lamp");
    EXPECT_EQ(all[0].at("messages"), 2);
    EXPECT_EQ(all[1].at("messages"), 0);
    EXPECT_EQ(json_of(ask("GET", "/status")).at("subscriptionsQuiet"), 1);
    EXPECT_THAT(ask("GET", "/metrics").body, HasSubstr("evergrass_subscriptions_quiet 1\n"));
    const auto why = json_of(ask("GET", "/why?from=thing%3Apump&topic=t%2Fx"));
    EXPECT_EQ(why.at("considered").at(0).at("messages"), 2);
    EXPECT_EQ(ask("POST", "/subscriptions").status, 405);
}

TEST_F(admin_answers_test, status_tells_devices_functions_and_the_last_drops) {
    devices_.state = drop_reason::device_not_connected;
    publish("t/x");
    const auto status = json_of(ask("GET", "/status"));
    EXPECT_EQ(status.at("deploymentId"), "d-1");
    EXPECT_EQ(status.at("subscriptions"), 1);
    EXPECT_EQ(status.at("devices").at(1).at("connected"), false);
    EXPECT_EQ(status.at("drops").at("device_not_connected"), 1);
    EXPECT_EQ(status.at("mqtt").at("connections"), 1);
    EXPECT_EQ(status.at("mqtt").at("journal").at("failing"), "no space left on device");
    const auto& last = status.at("lastDrops").at(0);
    EXPECT_EQ(last.at("source"), "thing:pump");
    EXPECT_EQ(last.at("target"), "thing:lamp");
    EXPECT_EQ(last.at("topic"), "t/x");
}

TEST_F(admin_answers_test, why_asks_the_live_sinks) {
    EXPECT_EQ(json_of(ask("GET", "/why?from=thing:pump&topic=t/x")).at("delivered"), true);
    devices_.state = drop_reason::queue_full;
    publish("t/x");
    const auto answer =
        json_of(ask("POST", "/why", R"({"from":"thing:pump","topic":"t/x","to":"thing:lamp"})"));
    EXPECT_EQ(answer.at("delivered"), false);
    EXPECT_EQ(answer.at("targets").at(0).at("drop").at("name"), "queue_full");
    EXPECT_EQ(answer.at("recentDrops").at(0).at("count"), 1);
    EXPECT_EQ(answer.at("sourceConnected"), true);
    const auto stranger = json_of(ask("GET", "/why?from=thing:stranger&topic=t/x"));
    EXPECT_EQ(stranger.at("drop").at("name"), "certificate_not_in_group");
}

TEST_F(admin_answers_test, a_target_of_a_kind_that_nobody_serves_is_told) {
    messages_.set_table(*routing_table::build({{"s1", thing("pump"), "t", "GGShadowService"}}));
    const auto answer = json_of(ask("GET", "/why?from=thing:pump&topic=t"));
    EXPECT_EQ(answer.at("targets").at(0).at("drop").at("name"), "no_such_target");
}

TEST_F(admin_answers_test, steps_of_a_deployment_from_this_machine) {
    EXPECT_EQ(json_of(ask("GET", "/deploy")).at("steps").as_array().size(), 0U);
    core_.deploying = {"t-1", {{"unpacking", 12}, {"changing over", 340}}};
    const auto answer = json_of(ask("GET", "/deploy"));
    EXPECT_EQ(answer.at("token").get_string(), "t-1");
    EXPECT_EQ(answer.at("steps").at(1).at("text").get_string(), "changing over");
    EXPECT_EQ(answer.at("steps").at(1).at("us").get_int64(), 340);
}

TEST_F(admin_answers_test, a_wrong_question_is_answered_with_what_is_right) {
    const auto refused = [&](std::string method, std::string target, std::string body = "") {
        const auto r = ask(std::move(method), std::move(target), std::move(body));
        return std::to_string(r.status) + " " + std::string(json_of(r).at("message").as_string());
    };
    EXPECT_THAT(refused("GET", "/"), HasSubstr("404 there are /deploy, /invoke, /link, /metrics"));
    EXPECT_THAT(refused("PUT", "/why"), HasSubstr("405"));
    EXPECT_THAT(refused("POST", "/metrics"), HasSubstr("405"));
    EXPECT_THAT(refused("GET", "/why"), HasSubstr("400 from: ''"));
    EXPECT_THAT(refused("GET", "/why?from=pump&topic=t"), HasSubstr("thing:NAME"));
    EXPECT_THAT(refused("GET", "/why?from=thing:pump&topic=%23"), HasSubstr("400 topic '#'"));
    EXPECT_THAT(refused("GET", "/why?form=thing:pump"), HasSubstr("'form' is no parameter"));
    EXPECT_THAT(refused("POST", "/why", "x"), HasSubstr("400"));
    EXPECT_THAT(refused("POST", "/why", "[]"), HasSubstr("400 send {"));
}

TEST_F(admin_answers_test, status_and_metrics_tell_when_the_certificate_ends) {
    EXPECT_TRUE(json_of(ask("GET", "/status")).at("localTls").is_null());
    core_.tls = {wall_time(std::chrono::seconds(1000)), std::nullopt};
    auto tls = json_of(ask("GET", "/status")).at("localTls");
    EXPECT_EQ(tls.at("certificateEnds"), "1970-01-01T00:16:40.000Z");
    EXPECT_TRUE(tls.at("coreSignsUntil").is_null());
    core_.tls->core_signs_until = wall_time(std::chrono::seconds(2000));
    tls = json_of(ask("GET", "/status")).at("localTls");
    EXPECT_EQ(tls.at("coreSignsUntil"), "1970-01-01T00:33:20.000Z");
    EXPECT_THAT(ask("GET", "/metrics").body,
                HasSubstr("evergrass_local_certificate_ends_seconds 1000\n"));
}

TEST_F(admin_answers_test, link_has_connections_and_the_queue) {
    core_.cloud_connected = true;
    core_.connections.push_back({"core-c00", "iot:8883", true, wall_time(), 2, "", 10, 20});
    core_.connections.push_back({"core-c01", "iot:8883", false, wall_time(), 1, "refused", 0, 0});
    core_.cloud_queue.storage = "FileSystem";
    core_.cloud_queue.messages = 3;
    core_.cloud_queue.oldest_seconds = 61;
    core_.cloud_queue.overwritten = 4;
    core_.cloud_queue.overwritten_ever = 9;
    const auto answer = ask("GET", "/link");
    ASSERT_EQ(answer.status, 200);
    const auto link = json_of(answer);
    EXPECT_TRUE(link.at("connected").as_bool());
    const auto& connections = link.at("connections").as_array();
    ASSERT_EQ(connections.size(), 2U);
    EXPECT_EQ(connections[0].at("clientId"), "core-c00");
    EXPECT_EQ(connections[0].at("since"), "1970-01-01T00:00:00.000Z");
    EXPECT_TRUE(connections[0].at("lastError").is_null());
    EXPECT_EQ(connections[1].at("filters"), 1);
    EXPECT_EQ(connections[1].at("lastError"), "refused");
    EXPECT_EQ(link.at("queue").at("messages"), 3);
    EXPECT_EQ(link.at("queue").at("oldestSeconds"), 61);
    EXPECT_EQ(link.at("queue").at("overwrittenEver"), 9);
    EXPECT_TRUE(link.at("queue").at("diskError").is_null());
    EXPECT_EQ(ask("POST", "/link").status, 405);

    const auto metrics = ask("GET", "/metrics").body;
    EXPECT_THAT(metrics, HasSubstr("evergrass_cloud_queue_messages 3\n"));
    EXPECT_THAT(metrics, HasSubstr("evergrass_cloud_overwritten_total 4\n"));
    EXPECT_THAT(metrics, HasSubstr("evergrass_cloud_connection_up{connection=\"core-c01\"} 0\n"));
    EXPECT_THAT(
        metrics,
        HasSubstr("evergrass_cloud_bytes_total{connection=\"core-c00\",direction=\"out\"} 20\n"));
}

}  // namespace
}  // namespace evergrass::edge
