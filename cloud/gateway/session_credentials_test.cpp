#include "cloud/gateway/session_credentials.hpp"

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/gateway_fixture.hpp"
#include "libs/base/encoding.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::MatchesRegex;

class sessions : public gateway_fixture {
protected:
    session_credentials begin(std::chrono::seconds life = std::chrono::hours(1)) {
        auto made = create_session(
            *state_, {"arn:aws:iam::123456789012:role/path/Role", "core", clock_->now() + life});
        EXPECT_TRUE(made) << made.error().message();
        return *made;
    }
    http::request signed_by(const session_credentials& by) {
        key_ = by.key;
        return signed_request("GET", "/greengrass/groups", "greengrass", "",
                              {{"X-Amz-Security-Token", by.token}});
    }
    std::string outcome(http::request asked) {
        const auto by = authenticate(*state_, asked, clock_->now());
        return by ? "signed in" : std::to_string(by.error().status) + " " + by.error().code;
    }
};

TEST_F(sessions, sign_requests_and_name_who_acts) {
    const auto made = begin();
    EXPECT_THAT(made.key.id, MatchesRegex("ASIA[A-Z2-7]{16}"));
    EXPECT_THAT(made.key.secret, MatchesRegex("[A-Za-z0-9+/]{40}"));
    auto asked = signed_by(made);
    const auto by = authenticate(*state_, asked, clock_->now());
    ASSERT_TRUE(by) << by.error().message;
    ASSERT_TRUE(by->acting);
    EXPECT_EQ(by->acting->to_arn(), "arn:aws:sts::123456789012:assumed-role/Role/core");
}

TEST_F(sessions, outlive_a_restart_of_the_service) {
    const auto made = begin();
    state_.reset();
    state_ = *store::open(directory_ + "/service.db");
    EXPECT_EQ(outcome(signed_by(made)), "signed in");
}

TEST_F(sessions, end_at_their_time) {
    const auto made = begin(std::chrono::seconds(90));
    clock_->now_ += std::chrono::seconds(89);
    EXPECT_EQ(outcome(signed_by(made)), "signed in");
    clock_->now_ += std::chrono::seconds(1);
    EXPECT_EQ(outcome(signed_by(made)), "403 ExpiredTokenException");
}

TEST_F(sessions, are_refused_when_any_part_is_not_theirs) {
    const auto one = begin();
    const auto other = begin();
    auto mixed = one;
    mixed.token = other.token;
    EXPECT_EQ(outcome(signed_by(mixed)), "403 UnrecognizedClientException");
    mixed = one;
    mixed.key.secret = other.key.secret;
    EXPECT_EQ(outcome(signed_by(mixed)), "403 InvalidSignatureException");
    mixed.token.clear();
    EXPECT_EQ(outcome(signed_by(mixed)), "403 UnrecognizedClientException");
    // Every byte of the token is sealed.
    const auto raw = *base64_decode(one.token);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        auto changed = raw;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const auto opened = open_session(*state_, one.key.id, base64_encode(changed));
        ASSERT_TRUE(opened);
        EXPECT_FALSE(*opened) << i;
    }
    for (const auto& token : {std::string(), std::string("x"), std::string("AAAA"),
                              base64_encode(std::string(32, 'a')), std::string(8192, 'A')}) {
        const auto opened = open_session(*state_, one.key.id, token);
        ASSERT_TRUE(opened);
        EXPECT_FALSE(*opened) << token;
    }
}

TEST_F(sessions, of_another_service_are_refused) {
    const auto made = begin();
    const auto done =
        state_->db().run("forget", "DELETE FROM settings WHERE name = 'session_key'", {});
    ASSERT_TRUE(done);
    EXPECT_EQ(outcome(signed_by(made)), "403 UnrecognizedClientException");
}

TEST_F(sessions, end_with_the_certificate_that_asked_for_them) {
    ASSERT_TRUE(state_->db().run("certificate",
                                 "INSERT INTO certificates(id, pem, status, created_at, updated_at,"
                                 " not_before, not_after) VALUES('c1', '', 'ACTIVE', 1, 1, 1, 1)"));
    const auto made = create_session(*state_, {"arn:aws:iam::123456789012:role/R", "core",
                                               clock_->now() + std::chrono::hours(1), "c1"});
    ASSERT_TRUE(made);
    EXPECT_EQ(outcome(signed_by(*made)), "signed in");
    ASSERT_TRUE(state_->db().run("revoke", "UPDATE certificates SET status = 'REVOKED'"));
    EXPECT_EQ(outcome(signed_by(*made)), "403 UnrecognizedClientException");
    ASSERT_TRUE(state_->db().run("gone", "DELETE FROM certificates"));
    EXPECT_EQ(outcome(signed_by(*made)), "403 UnrecognizedClientException");
}

TEST_F(sessions, a_damaged_key_is_told_with_what_to_do) {
    begin();
    ASSERT_TRUE(state_->db().run(
        "damage", "UPDATE settings SET value = 'zz' WHERE name = 'session_key'", {}));
    const auto made = create_session(*state_, {"arn:aws:iam::1:role/R", "core", clock_->now()});
    ASSERT_TRUE(made.has_error());
    EXPECT_THAT(made.error().message(), ::testing::HasSubstr("'session_key'"));
}

TEST_F(sessions, read_and_publish_and_do_no_more) {
    EXPECT_TRUE(session_may("greengrass", "ListGroups"));
    EXPECT_TRUE(session_may("iot", "DescribeEndpoint"));
    EXPECT_TRUE(session_may("lambda", "GetFunction"));
    EXPECT_TRUE(session_may("iot-data", "Publish"));
    EXPECT_FALSE(session_may("greengrass", "CreateDeployment"));
    EXPECT_FALSE(session_may("iot", "AttachPolicy"));
    EXPECT_FALSE(session_may("lambda", "UpdateFunctionCode"));
}

}  // namespace
}  // namespace evergrass::cloud
