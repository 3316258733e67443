#include "cloud/iot/websocket_door.hpp"

#include "cloud/gateway/gateway_fixture.hpp"
#include "cloud/gateway/session_credentials.hpp"
#include "cloud/iot/hub_policy.hpp"
#include "libs/aws/canonical.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::cloud {
namespace {

class websocket_client : public gateway_fixture {
protected:
    // As the AWS SDKs sign it.
    http::request presigned(const std::string& service) const {
        const auto date = format_basic_iso8601(clock_->now());
        const aws::scope scope{std::string_view(date).substr(0, 8), "us-east-1", service};
        http::request asked;
        asked.method = "GET";
        asked.target = "/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" +
                       percent_encode(key_.id + "/" + scope.to_string()) + "&X-Amz-Date=" + date +
                       "&X-Amz-Expires=60&X-Amz-SignedHeaders=host";
        asked.headers.add("Host", "127.0.0.1:8080");
        const auto canonical = aws::canonical_request(
            {asked.method, asked.target, asked.headers.all(), ""}, service, {"host"});
        asked.target +=
            "&X-Amz-Signature=" + aws::signature_of(canonical, date, scope, key_.secret);
        asked.remote_address = "127.0.0.1:1";
        return asked;
    }

    std::string refused(http::request asked) {
        const auto who = websocket_door::identify(*state_, asked, clock_->now());
        return who ? "" : std::to_string(who.error().status) + " " + who.error().code;
    }
    std::string access_key(http::request asked) {
        const auto who = websocket_door::identify(*state_, asked, clock_->now());
        EXPECT_TRUE(who);
        EXPECT_TRUE(who->websocket);
        EXPECT_FALSE(who->certificate_id);
        const auto* const key = static_cast<const access_key_principal*>(who->attachment.get());
        return key == nullptr ? "" : key->access_key_id;
    }
};

const rt::peer_certificate shown{std::string(64, 'a'), ""};

TEST_F(websocket_client, a_signature_in_the_query_names_the_access_key) {
    EXPECT_EQ(access_key(presigned("iotdevicegateway")), key_.id);
    EXPECT_EQ(access_key(presigned("iotdata")), key_.id);
}

TEST_F(websocket_client, a_signature_in_headers_does_too) {
    EXPECT_EQ(access_key(signed_request("GET", "/mqtt", "iotdevicegateway")), key_.id);
}

TEST_F(websocket_client, the_signature_must_be_for_device_mqtt) {
    EXPECT_EQ(refused(presigned("greengrass")), "403 InvalidSignatureException");
    EXPECT_EQ(refused(signed_request("GET", "/mqtt", "iot")), "403 InvalidSignatureException");
}

TEST_F(websocket_client, a_certificate_alone_is_enough) {
    http::request asked;
    asked.method = "GET";
    asked.target = "/mqtt";
    asked.peer = shown;
    const auto who = websocket_door::identify(*state_, asked, clock_->now());
    ASSERT_TRUE(who);
    EXPECT_EQ(who->certificate_id, shown.id);
    EXPECT_FALSE(who->attachment);
}

TEST_F(websocket_client, a_signature_that_is_wrong_is_not_helped_by_a_certificate) {
    auto asked = presigned("iotdevicegateway");
    asked.peer = shown;
    EXPECT_EQ(access_key(asked), key_.id) << "the signature counts, not the certificate";
    asked.target.back() = asked.target.back() == '0' ? '1' : '0';
    EXPECT_EQ(refused(asked), "403 InvalidSignatureException");
    asked.target = "/mqtt?X-Amz-Signature=1";
    EXPECT_EQ(refused(asked), "403 IncompleteSignatureException");
}

TEST_F(websocket_client, who_shows_nothing_is_refused) {
    http::request asked;
    asked.method = "GET";
    asked.target = "/mqtt";
    EXPECT_EQ(refused(asked), "403 MissingAuthenticationTokenException");
}

TEST_F(websocket_client, an_old_signature_and_an_unknown_key_are_refused) {
    auto asked = presigned("iotdevicegateway");
    clock_->now_ += std::chrono::seconds(61);
    EXPECT_EQ(refused(asked), "403 InvalidSignatureException");
    key_.id = "AKIA0000000000000000";
    EXPECT_EQ(refused(presigned("iotdevicegateway")), "403 UnrecognizedClientException");
}

TEST_F(websocket_client, temporary_credentials_open_no_connection) {
    const auto made = create_session(*state_, {"arn:aws:iam::123456789012:role/R", "core",
                                               clock_->now() + std::chrono::hours(1)});
    ASSERT_TRUE(made);
    key_ = made->key;
    auto asked = presigned("iotdevicegateway");
    EXPECT_EQ(refused(asked), "403 UnrecognizedClientException") << "the token is missing";
    asked.target += "&X-Amz-Security-Token=" + percent_encode(made->token);
    EXPECT_EQ(refused(asked), "403 AccessDeniedException");
}

}  // namespace
}  // namespace evergrass::cloud
