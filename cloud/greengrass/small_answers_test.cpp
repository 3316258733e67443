#include "cloud/gateway/access_keys.hpp"
#include "cloud/gateway/gateway.hpp"
#include "cloud/gateway/signed_request.hpp"
#include "cloud/greengrass/greengrass_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>

namespace evergrass::cloud {
namespace {

// The operations behind the gateway, which may answer a small read as it did before.
class small_answers : public greengrass_fixture {
protected:
    void SetUp() override {
        greengrass_fixture::SetUp();
        key_ = *create_access_key(*state_, clock_.now());
        door_ = std::make_unique<gateway>(*state_, operations_, identity_, logger(),
                                          gateway_options(), std::make_shared<set_clock>(clock_));
    }
    void TearDown() override {
        door_.reset();
        greengrass_fixture::TearDown();
    }

    http::request signed_request(std::string method, std::string target, std::string body) const {
        return cloud::signed_request(key_, identity_.region, "greengrass", clock_.now(),
                                     std::move(method), std::move(target), std::move(body),
                                     {{"Host", "127.0.0.1"}});
    }

    // A write by the API; then all that is read is as it is in the store.
    json::object write(std::string method, std::string target, std::string body = "{}") {
        const auto what = method + " " + target;
        const auto done = door_->answer(
            signed_request(std::move(method), std::move(target), std::move(body)), false);
        EXPECT_EQ(done.status / 100, 2) << what << ": " << done.body;
        expect_fresh(what);
        const auto read = parse_json(done.body);
        return read && read->is_object() ? read->as_object() : json::object();
    }

    void expect_fresh(const std::string& after) {
        for (const auto& target : reads_) {
            const auto asked = signed_request("GET", target, "");
            const auto read = door_->answer(asked, false);  // by the handler: always of the store
            for (int times = 1; times <= 3; ++times) {
                auto again = asked;
                const auto answered = door_->answer_at_once(again);
                ASSERT_TRUE(answered) << target;
                EXPECT_EQ(answered->status, read.status) << target << " after " << after;
                EXPECT_EQ(answered->body, read.body) << target << " after " << after;
            }
        }
    }

    // A definition of one kind through its whole life.
    void live(const std::string& path, const std::string& get, const std::string& list) {
        reads_.insert({path, path + "?MaxResults=1"});
        const auto one = text(
            write("POST", path, R"({"Name":"one","InitialVersion":{},"tags":{"a":"1"}})"), "Id");
        const auto at = path + "/" + one;
        reads_.insert({at, at + "/versions"});
        const auto version = text(write("POST", at + "/versions"), "Version");
        if (path == "/greengrass/groups") {
            reads_.insert(at + "/versions/" + version);
        }
        write("PUT", at, R"({"Name":"renamed"})");
        write("POST", path, R"({"Name":"two"})");
        const auto arn = text(output_of(get, {{std::string(get.substr(3)) + "Id", one}}), "Arn");
        const auto tags = "/tags/" + percent_encode(arn);
        write("POST", tags, R"({"tags":{"a":"2","b":"3"}})");
        write("DELETE", tags + "?tagKeys=a", "");
        write("DELETE", at, "");
        const auto left = list_of("List" + list);
        EXPECT_EQ(left.begin()->value().as_array().size(), 1U) << path;
    }

    static std::string percent_encode(const std::string& text) {
        std::string out;
        for (const char c : text) {
            out += c == ':' ? "%3A" : c == '/' ? "%2F" : std::string(1, c);
        }
        return out;
    }

    access_key key_;
    std::unique_ptr<gateway> door_;
    std::set<std::string> reads_;
};

TEST_F(small_answers, each_read_after_an_answered_write_has_it) {
    live("/greengrass/groups", "GetGroup", "Groups");
    for (const std::string kind :
         {"Connector", "Core", "Device", "Function", "Logger", "Resource", "Subscription"}) {
        auto plural = kind + "s";
        plural[0] = static_cast<char>(plural[0] + ('a' - 'A'));
        live("/greengrass/definition/" + plural, "Get" + kind + "Definition", kind + "Definitions");
    }
}

TEST_F(small_answers, deployments_are_listed_when_they_are_made) {
    register_member("core", 'c');
    const auto group = make_core_group();
    reads_ = {"/greengrass/groups/" + text(group, "Id") + "/deployments"};
    expect_fresh("nothing");
    for (int n = 0; n < 3; ++n) {
        deploy(group);
        expect_fresh("a deployment");
    }
}

TEST_F(small_answers, who_was_answered_is_not_overtaken_by_an_older_state) {
    const auto at = "/greengrass/groups/" + text(make_group({}), "Id");
    const auto rename = [&](int n) {
        return door_->answer(signed_request("PUT", at, R"({"Name":")" + std::to_string(n) + "\"}"),
                             false);
    };
    rename(0);
    std::atomic<int> answered = 0;
    std::atomic<bool> over = false;
    std::thread writer([&] {
        for (int n = 1; n <= 150; ++n) {
            EXPECT_EQ(rename(n).status, 200);
            answered = n;
        }
        over = true;
    });
    int at_once = 0;
    for (bool last = false; !last;) {
        last = over;
        const int least = answered;
        auto asked = signed_request("GET", at, "");
        auto read = door_->answer_at_once(asked);
        at_once += read ? 1 : 0;
        const auto shown = parse_json((read ? *read : door_->answer(asked, false)).body);
        EXPECT_TRUE(shown);
        EXPECT_GE(shown ? std::stoi(text(shown->as_object(), "Name")) : -1, least);
    }
    writer.join();
    EXPECT_GT(at_once, 0);
}

}  // namespace
}  // namespace evergrass::cloud
