#include "cloud/admin/admin_answers.hpp"

#include "cloud/gateway/access_keys.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>

namespace evergrass::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class service_socket : public ::testing::Test {
protected:
    class set_clock final : public clock {
    public:
        wall_time now() const override { return now_; }
        wall_time now_ = *parse_basic_iso8601("20261127T120000Z");
    };

    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-admin-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        state_ = store::open(directory_ + "/service.db").value();
    }
    void TearDown() override {
        state_.reset();
        std::filesystem::remove_all(directory_);
    }

    http::response ask(const std::string& method, const std::string& target,
                       const std::string& body = "") {
        http::request asked;
        asked.method = method;
        asked.target = target;
        asked.body = body;
        asked.remote_address = "local:1000";
        admin_parts parts{*state_,
                          time_,
                          directory_,
                          [this](const std::string& key) { cut_.push_back(key); },
                          [] { return std::string("evergrass_up 1\n"); },
                          [](const std::filesystem::path& file) -> result<json::object> {
                              if (file == "/full") {
                                  return error{errc::unavailable, "no space"};
                              }
                              return json::object{{"file", file.string()}};
                          }};
        parts.sign = [](const std::string& manifest) -> result<json::object> {
            if (manifest != "{\"schema\":1}") {
                return error{errc::invalid_input, "no manifest"};
            }
            return json::object{{"signature", "c2ln"}, {"keyId", "k"}};
        };
        return admin_answer(parts, asked);
    }
    static json::object body(const http::response& answer) {
        return parse_json(answer.body).value().as_object();
    }
    static std::string text(const json::object& object, const char* name) {
        return string_member(object, name).value_or("(none)");
    }
    std::string make(const std::string& wish = "{}") {
        return text(body(ask("POST", "/keys", wish)), "accessKeyId");
    }
    std::vector<std::string> audited() const {
        std::vector<std::string> all;
        const auto entries = state_->audit().list({});
        for (const auto& each : entries.value()) {
            all.push_back(each.actor + " " + each.operation + " " + each.target + " " +
                          std::to_string(each.status));
        }
        return all;
    }

    std::string directory_;
    std::unique_ptr<store> state_;
    set_clock time_;
    std::vector<std::string> cut_;
};

TEST_F(service_socket, makes_a_key_and_shows_its_secret_once) {
    const auto made = ask("POST", "/keys", R"({"role": "operator", "name": "ci"})");
    ASSERT_EQ(made.status, 200) << made.body;
    const auto key = body(made);
    EXPECT_EQ(text(key, "role"), "operator");
    EXPECT_EQ(text(key, "state"), "active");
    const auto secret = text(key, "secretAccessKey");
    EXPECT_EQ(secret.size(), 40u);
    const auto id = text(key, "accessKeyId");
    EXPECT_EQ(find_usable_key(*state_, id, time_.now())->value().secret, secret);
    EXPECT_EQ(ask("GET", "/keys/" + id).body.find(secret), std::string::npos);
    EXPECT_EQ(ask("GET", "/keys").body.find(secret), std::string::npos);
    EXPECT_EQ(ask("GET", "/audit").body.find(secret), std::string::npos);
    EXPECT_THAT(audited(), ElementsAre("local:1000 keys:Create role=operator name=ci 200"));
}

TEST_F(service_socket, revoking_cuts_off_what_the_key_has_open) {
    const auto id = make();
    EXPECT_EQ(text(body(ask("POST", "/keys/" + id + "/revoke")), "state"), "revoked");
    EXPECT_THAT(cut_, ElementsAre(id));
    EXPECT_EQ(ask("POST", "/keys/" + id + "/rotate").status, 409);
    EXPECT_EQ(ask("POST", "/keys/AKIANONE/revoke").status, 404);
    EXPECT_THAT(cut_, ElementsAre(id));
    EXPECT_EQ(audited().back(), "local:1000 keys:Revoke AKIANONE 404");
}

TEST_F(service_socket, rotating_keeps_the_old_one_for_its_grace) {
    const auto id = make(R"({"role": "read-only"})");
    const auto rotated = body(ask("POST", "/keys/" + id + "/rotate", R"({"graceSeconds": 60})"));
    EXPECT_EQ(text(rotated, "replaces"), id);
    EXPECT_EQ(text(rotated, "role"), "read-only");
    EXPECT_EQ(text(body(ask("GET", "/keys/" + id)), "state"), "active");
    EXPECT_TRUE(cut_.empty());
    time_.now_ += 60s;
    EXPECT_EQ(text(body(ask("GET", "/keys/" + id)), "state"), "expired");
    const auto second = text(rotated, "accessKeyId");
    ask("POST", "/keys/" + second + "/rotate", R"({"graceSeconds": 0})");
    EXPECT_THAT(cut_, ElementsAre(second));
}

TEST_F(service_socket, tells_the_member_that_is_wrong) {
    EXPECT_THAT(ask("POST", "/keys", R"({"role": "root"})").body, HasSubstr("'role' must be"));
    EXPECT_THAT(ask("POST", "/keys", "[]").body, HasSubstr("JSON object"));
    EXPECT_THAT(ask("POST", "/keys", R"({"name": "a\u0007"})").body, HasSubstr("name of a key"));
    EXPECT_THAT(ask("POST", "/keys/x/rotate", R"({"graceSeconds": -1})").body,
                HasSubstr("'graceSeconds'"));
    EXPECT_THAT(ask("GET", "/audit?since=yesterday").body, HasSubstr("'since' must be"));
    EXPECT_THAT(ask("GET", "/audit?after=x").body, HasSubstr("'after' must be"));
    EXPECT_THAT(ask("GET", "/audit?until=1").body, HasSubstr("'until' is not known"));
    EXPECT_THAT(ask("POST", "/backup", R"({"file": "relative"})").body, HasSubstr("absolute"));
    EXPECT_EQ(ask("DELETE", "/keys").status, 405);
    EXPECT_EQ(ask("GET", "/keys/x/revoke").status, 404);
    EXPECT_EQ(ask("GET", "/other").status, 404);
    EXPECT_EQ(ask("POST", "/metrics").status, 404);
}

TEST_F(service_socket, lists_the_audit_page_by_page) {
    for (int i = 0; i < 1001; ++i) {
        audit_trail::change change(state_->audit(),
                                   {time_.now(), "A", "1.2.3.4:5", "r", "iot:CreateThing", "t"});
        ASSERT_TRUE(change.end(200, ""));
    }
    const auto first = body(ask("GET", "/audit?since=1h&by=A"));
    EXPECT_EQ(first.at("entries").as_array().size(), 1000u);
    const auto after = std::to_string(first.at("after").as_int64());
    const auto second = body(ask("GET", "/audit?since=&by=&after=" + after));
    EXPECT_EQ(second.at("entries").as_array().size(), 1u);
    EXPECT_TRUE(second.at("after").is_null());
    EXPECT_EQ(body(ask("GET", "/audit?by=B")).at("entries").as_array().size(), 0u);
}

TEST_F(service_socket, a_backup_is_recorded_whether_or_not_it_was_written) {
    EXPECT_EQ(ask("POST", "/backup", R"({"file": "/b.tar"})").status, 200);
    EXPECT_EQ(ask("POST", "/backup", R"({"file": "/full"})").status, 503);
    EXPECT_THAT(audited(), ElementsAre("local:1000 backup:Create /b.tar 200",
                                       "local:1000 backup:Create /full 503"));
}

TEST_F(service_socket, health_and_metrics) {
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
    EXPECT_EQ(ask("GET", "/readyz").status, 200);
    EXPECT_THAT(ask("GET", "/metrics").body, HasSubstr("evergrass_up 1"));
    directory_ += "-gone";
    const auto broken = ask("GET", "/readyz");
    directory_.resize(directory_.size() - 5);
    EXPECT_EQ(broken.status, 503);
    EXPECT_THAT(broken.body, HasSubstr("reason"));
}

TEST_F(service_socket, signs_a_manifest_and_the_audit_has_it) {
    const auto signed_one = ask("POST", "/sign", R"({"manifest": "eyJzY2hlbWEiOjF9"})");
    EXPECT_EQ(signed_one.status, 200) << signed_one.body;
    EXPECT_EQ(text(body(signed_one), "signature"), "c2ln");
    EXPECT_EQ(ask("POST", "/sign", R"({"manifest": "e30="})").status, 400);
    EXPECT_EQ(ask("POST", "/sign", R"({"manifest": "?"})").status, 400);
    EXPECT_EQ(ask("GET", "/sign").status, 404);
    EXPECT_THAT(audited(), ElementsAre(HasSubstr("local:1000 bundle:Sign"), HasSubstr("400")));
}

TEST(since, is_a_time_or_how_long_ago) {
    const auto now = *parse_basic_iso8601("20261127T120000Z");
    EXPECT_EQ(parse_since("90s", now).value(), now - 90s);
    EXPECT_EQ(parse_since("15m", now).value(), now - 15min);
    EXPECT_EQ(parse_since("2h", now).value(), now - 2h);
    EXPECT_EQ(parse_since("7d", now).value(), now - 24h * 7);
    EXPECT_EQ(parse_since("2026-11-27T11:00:00Z", now).value(), now - 1h);
    EXPECT_EQ(parse_since("20261127T110000Z", now).value(), now - 1h);
    for (const auto* wrong : {"", "h", "1", "1w", "-1h", "99999999999d", "1.5h", "2026-11-27",
                              "20261327T110000Z", "1h "}) {
        EXPECT_TRUE(parse_since(wrong, now).has_error()) << wrong;
    }
}

}  // namespace
}  // namespace evergrass::cloud
