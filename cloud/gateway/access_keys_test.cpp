#include "cloud/gateway/access_keys.hpp"

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/gateway_fixture.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class access_keys : public gateway_fixture {
protected:
    std::string outcome() {
        auto asked = signed_request("GET", "/greengrass/groups", "greengrass");
        const auto by = authenticate(*state_, asked, clock_->now());
        return by ? std::string(to_string(by->role)) : by.error().code;
    }
    // Every byte of the database and its log.
    std::string stored() const {
        const auto log = read_file(directory_ + "/service.db-wal");
        return read_file(directory_ + "/service.db").value() + (log ? *log : std::string());
    }
};

TEST_F(access_keys, have_the_role_that_was_wished) {
    EXPECT_EQ(outcome(), "admin");
    for (const auto role : {access_role::read_only, access_role::operate, access_role::admin}) {
        key_ = create_access_key(*state_, clock_->now(), {role, "of a person"}).value();
        EXPECT_EQ(outcome(), to_string(role));
        const auto info = find_access_key(*state_, key_.id).value();
        EXPECT_EQ(info.role, role);
        EXPECT_EQ(info.name, "of a person");
        EXPECT_TRUE(info.is_usable(clock_->now()));
    }
}

TEST_F(access_keys, a_revoked_one_is_unknown_from_the_next_request_on) {
    ASSERT_EQ(outcome(), "admin");
    const auto revoked = revoke_access_key(*state_, key_.id, clock_->now());
    ASSERT_TRUE(revoked);
    EXPECT_FALSE(revoked->is_usable(clock_->now()));
    EXPECT_EQ(outcome(), "UnrecognizedClientException");
    const auto again = revoke_access_key(*state_, key_.id, clock_->now() + 1h);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->revoked, revoked->revoked) << "when it was revoked first";
}

TEST_F(access_keys, a_url_presigned_by_a_revoked_one_is_refused) {
    const std::string scope = "%2F20261123%2Fus-east-1%2Fs3%2Faws4_request";
    http::request asked;
    asked.method = "GET";
    asked.target = "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + key_.id + scope +
                   "&X-Amz-Date=20261123T193000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host"
                   "&X-Amz-Signature=" +
                   std::string(64, '0');
    const auto code = [&] {
        return authenticate_presigned(*state_, asked, clock_->now()).error().code;
    };
    EXPECT_EQ(code(), "InvalidSignatureException");
    ASSERT_TRUE(revoke_access_key(*state_, key_.id, clock_->now()));
    EXPECT_EQ(code(), "UnrecognizedClientException");
}

TEST_F(access_keys, rotating_lets_the_old_one_live_for_a_while) {
    const auto old = key_;
    key_ = create_access_key(*state_, clock_->now(), {access_role::operate, "ci"}).value();
    const auto first = key_;
    const auto second = rotate_access_key(*state_, first.id, clock_->now(), 60s);
    ASSERT_TRUE(second);
    EXPECT_EQ(outcome(), "operator");
    clock_->now_ += 60s;
    EXPECT_EQ(outcome(), "UnrecognizedClientException");
    key_ = *second;
    EXPECT_EQ(outcome(), "operator");
    EXPECT_EQ(find_access_key(*state_, second->id)->name, "ci");
    const auto late = rotate_access_key(*state_, first.id, clock_->now(), 60s);
    ASSERT_TRUE(late.has_error());
    EXPECT_EQ(late.error().code, errc::conflict);
    // A second rotation never makes the old key live longer.
    const auto third = rotate_access_key(*state_, second->id, clock_->now(), 10s);
    ASSERT_TRUE(third);
    ASSERT_TRUE(rotate_access_key(*state_, second->id, clock_->now(), 1h));
    clock_->now_ += 10s;
    EXPECT_EQ(outcome(), "UnrecognizedClientException");
    key_ = old;
    EXPECT_EQ(outcome(), "admin");
}

TEST_F(access_keys, the_secret_is_nowhere_in_the_database) {
    EXPECT_THAT(stored(), HasSubstr(key_.id));
    EXPECT_EQ(stored().find(key_.secret), std::string::npos);
}

TEST_F(access_keys, one_that_an_earlier_build_left_readable_is_sealed_at_the_next_start) {
    const std::string secret = "abcdefghijklmnopqrstuvwxyz0123456789ABCD";
    ASSERT_TRUE(state_->db().run("old",
                                 "INSERT INTO access_keys(id, secret, created_at)"
                                 " VALUES('AKIAOLD', ?1, 1)",
                                 {secret}));
    EXPECT_THAT(stored(), HasSubstr(secret));
    state_.reset();
    state_ = store::open(directory_ + "/service.db").value();
    EXPECT_EQ(state_->sealed_at_open(), 1u);
    EXPECT_EQ(stored().find(secret), std::string::npos);
    key_ = {"AKIAOLD", secret};
    EXPECT_EQ(outcome(), "admin");
    state_.reset();
    state_ = store::open(directory_ + "/service.db").value();
    EXPECT_EQ(state_->sealed_at_open(), 0u);
}

TEST_F(access_keys, unknown_ones_and_bad_names_are_told) {
    const auto unknown = revoke_access_key(*state_, "AKIANONE", clock_->now());
    ASSERT_TRUE(unknown.has_error());
    EXPECT_EQ(unknown.error().code, errc::not_found);
    EXPECT_THAT(unknown.error().message(), HasSubstr("evergrass keys list"));
    for (const auto& name : {std::string(65, 'n'), std::string("a\nb"), std::string("\xff")}) {
        EXPECT_TRUE(
            create_access_key(*state_, clock_->now(), {access_role::admin, name}).has_error());
    }
}

TEST_F(access_keys, a_role_of_a_later_build_may_the_least) {
    ASSERT_TRUE(state_->db().run("later", "UPDATE access_keys SET role = 'emperor'"));
    EXPECT_EQ(outcome(), "read-only");
}

}  // namespace
}  // namespace evergrass::cloud
