#include "libs/rt/server_tls.hpp"

#include "libs/rt/test_tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

namespace evergrass::rt {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using progress = tls_channel::progress;

class server_tls_test : public ::testing::Test {
protected:
    static std::shared_ptr<const server_tls> made(const server_tls_settings& wanted,
                                                  const tls_sessions& sessions) {
        return server_tls::make(wanted, sessions).value();
    }
    std::shared_ptr<const server_tls> made() { return made(settings, sessions); }

    test_ca ca;
    tls_identity at_server = ca.issue("server");
    tls_identity device = ca.issue("device");
    std::set<std::string> admitted{id_of(device)};
    tls_sessions sessions;
    server_tls_settings settings{
        .identity = at_server,
        .admit = [this](const std::string& id) { return admitted.contains(id); },
        .ca_pem = {},
        .alpn = {},
        .cipher_suites = {},
    };
};

class of_each_version : public server_tls_test, public ::testing::WithParamInterface<int> {
protected:
    // Whether the second handshake was a resumed one.
    bool comes_back(const server_tls& first, const server_tls& second) {
        client_tls client(&device, GetParam());
        tls_pair before(first, client);
        EXPECT_EQ(before.shake_hands(), progress::done);
        EXPECT_FALSE(before.server.resumed());
        before.server_says("hello");  // 1.3 sends its ticket with the first data at the latest
        tls_pair after(second, client);
        EXPECT_EQ(after.shake_hands(), progress::done) << after.server.failure();
        EXPECT_EQ(after.server.peer_certificate_id(), id_of(device));
        EXPECT_EQ(after.server_says("again"), "again");
        return after.server.resumed();
    }
};
INSTANTIATE_TEST_SUITE_P(versions, of_each_version,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](const auto& info) {
                             return info.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3";
                         });

TEST_P(of_each_version, a_client_that_is_admitted_gets_in_and_is_known_by_its_certificate) {
    client_tls client(&device, GetParam());
    const auto tls = made();
    tls_pair both(*tls, client);
    EXPECT_EQ(both.shake_hands(), progress::done) << both.server.failure();
    EXPECT_EQ(both.server.peer_certificate_id(), id_of(device));
    EXPECT_EQ(both.server.version(), GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(both.server_says("hello"), "hello");
}

TEST_P(of_each_version, a_handshake_in_single_bytes_succeeds_too) {
    client_tls client(&device, GetParam());
    const auto tls = made();
    tls_pair both(*tls, client);
    EXPECT_EQ(both.shake_hands(1), progress::done) << both.server.failure();
}

TEST_P(of_each_version, a_client_that_is_not_admitted_gets_an_alert) {
    admitted.clear();
    client_tls client(&device, GetParam());
    const auto tls = made();
    tls_pair both(*tls, client);
    EXPECT_EQ(both.shake_hands(), progress::failed);
    EXPECT_THAT(both.server.failure(), HasSubstr("not admitted"));
    EXPECT_EQ(both.client_state, progress::failed);
}

TEST_P(of_each_version, a_client_without_a_certificate_gets_an_alert_where_one_is_required) {
    client_tls client(nullptr, GetParam());
    auto tls = made();
    tls_pair both(*tls, client);
    EXPECT_EQ(both.shake_hands(), progress::failed);
    EXPECT_THAT(both.server.failure(), HasSubstr("showed no certificate"));
    EXPECT_EQ(both.client_state, progress::failed);

    settings.authentication = client_auth::optional;
    tls = made();
    tls_pair optional(*tls, client);
    EXPECT_EQ(optional.shake_hands(), progress::done);
    EXPECT_EQ(optional.server.peer_certificate_id(), std::nullopt);
}

TEST_P(of_each_version, an_exception_of_the_one_who_decides_is_a_refusal) {
    settings.admit = [](const std::string&) -> bool { throw std::runtime_error("no table"); };
    client_tls client(&device, GetParam());
    const auto tls = made();
    tls_pair both(*tls, client);
    EXPECT_EQ(both.shake_hands(), progress::failed);
}

TEST_P(of_each_version, a_client_comes_back_to_its_session) {
    const auto tls = made();
    EXPECT_TRUE(comes_back(*tls, *tls));
}

TEST_P(of_each_version, a_session_outlives_a_renewal_of_the_servers_certificate) {
    const auto tls = made();
    settings.identity = ca.issue("server");
    EXPECT_TRUE(comes_back(*tls, *made()));
}

TEST_P(of_each_version, a_session_of_others_means_a_full_handshake) {
    const auto tls = made();
    EXPECT_FALSE(comes_back(*tls, *made(settings, tls_sessions())));
}

TEST_P(of_each_version, nobody_comes_back_where_resumption_is_off) {
    settings.resumption = 0s;
    const auto tls = made();
    EXPECT_FALSE(comes_back(*tls, *tls));
}

TEST_P(of_each_version, a_session_of_a_server_that_asked_for_less_is_no_good) {
    auto lax = settings;
    lax.authentication = client_auth::optional;
    EXPECT_FALSE(comes_back(*made(lax, sessions), *made()));
}

TEST_P(of_each_version, a_session_does_not_bring_back_who_was_removed_since) {
    client_tls client(&device, GetParam());
    const auto tls = made();
    tls_pair before(*tls, client);
    ASSERT_EQ(before.shake_hands(), progress::done);
    before.server_says("hello");
    ASSERT_NE(client.session(), nullptr);
    admitted.clear();
    tls_pair after(*tls, client);
    EXPECT_EQ(after.shake_hands(), progress::failed);
    EXPECT_THAT(after.server.failure(), HasSubstr("not admitted"));
    EXPECT_EQ(after.client_state, progress::failed);
}

TEST_P(of_each_version, chains_are_verified_where_an_authority_is_named) {
    settings.admit = nullptr;
    settings.ca_pem = ca.pem;
    const auto tls = made();
    client_tls good(&device, GetParam());
    tls_pair welcome(*tls, good);
    EXPECT_EQ(welcome.shake_hands(), progress::done) << welcome.server.failure();

    const auto foreign = test_ca("Another CA").issue("device");
    client_tls stranger(&foreign, GetParam());
    tls_pair refused(*tls, stranger);
    EXPECT_EQ(refused.shake_hands(), progress::failed);
    EXPECT_THAT(refused.server.failure(), HasSubstr("the client's certificate was not accepted"));

    const auto late = ca.issue("device", {}, -1h);
    client_tls expired(&late, GetParam());
    tls_pair too_late(*tls, expired);
    EXPECT_EQ(too_late.shake_hands(), progress::failed);
    EXPECT_THAT(too_late.server.failure(), HasSubstr("expired"));
}

TEST_P(of_each_version, alpn_takes_the_first_of_ours_that_the_client_offers) {
    settings.alpn = {"mqtt", "x-amzn-mqtt-ca"};
    const auto tls = made();
    client_tls client(&device, GetParam());
    const auto offered = detail::wire_form({"x-amzn-mqtt-ca", "mqtt"});
    SSL_CTX_set_alpn_protos(client.handle(), reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
    tls_pair both(*tls, client);
    ASSERT_EQ(both.shake_hands(), progress::done);
    EXPECT_EQ(both.server.alpn(), "mqtt");

    client_tls other(&device, GetParam());
    const auto foreign = detail::wire_form({"http/1.1"});
    SSL_CTX_set_alpn_protos(other.handle(), reinterpret_cast<const unsigned char*>(foreign.data()),
                            static_cast<unsigned>(foreign.size()));
    tls_pair without(*tls, other);
    ASSERT_EQ(without.shake_hands(), progress::done);
    EXPECT_EQ(without.server.alpn(), "");
}

TEST_F(server_tls_test, tls_1_3_prefers_the_cheapest_suite_and_chacha_for_those_who_do) {
    const auto tls = made();
    client_tls client(&device);
    tls_pair both(*tls, client);
    ASSERT_EQ(both.shake_hands(), progress::done);
    EXPECT_STREQ(SSL_get_cipher_name(both.server.handle()), "TLS_AES_128_GCM_SHA256");

    client_tls small(&device);
    SSL_CTX_set_ciphersuites(small.handle(), "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256");
    tls_pair without_aes(*tls, small);
    ASSERT_EQ(without_aes.shake_hands(), progress::done);
    EXPECT_STREQ(SSL_get_cipher_name(without_aes.server.handle()), "TLS_CHACHA20_POLY1305_SHA256");
}

TEST_F(server_tls_test, old_versions_are_refused_unless_they_are_turned_on) {
    client_tls old(&device, TLS1_VERSION, TLS1_VERSION);
    SSL_CTX_set_cipher_list(old.handle(), "ALL:@SECLEVEL=0");
    auto tls = made();
    tls_pair refused(*tls, old);
    EXPECT_EQ(refused.shake_hands(), progress::failed);
    EXPECT_THAT(refused.server.failure(), HasSubstr("no common TLS version"));

    // V1's suites of 1.0 and 1.1 are for RSA keys.
    settings.identity = ca.issue("server", {}, 12h, pki::generate_rsa_key());
    settings.oldest = tls_version::tls_1_0;
    tls = made();
    for (const char* suite :
         {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "AES128-SHA", "AES256-SHA"}) {
        for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
            client_tls one(&device, version, version);
            SSL_CTX_set_cipher_list(one.handle(), (std::string(suite) + "@SECLEVEL=0").c_str());
            tls_pair both(*tls, one);
            EXPECT_EQ(both.shake_hands(), progress::done) << suite << both.server.failure();
            EXPECT_STREQ(SSL_get_cipher_name(both.server.handle()), suite);
            EXPECT_EQ(both.server_says("hello"), "hello");
        }
    }
}

TEST_F(server_tls_test, v1s_suites_of_tls_1_2_are_served) {
    const auto suites = {"ECDHE-RSA-AES128-SHA",
                         "ECDHE-RSA-AES256-SHA",
                         "ECDHE-RSA-AES256-GCM-SHA384",
                         "AES128-SHA",
                         "AES128-GCM-SHA256",
                         "AES256-SHA",
                         "AES256-GCM-SHA384",
                         "ECDHE-ECDSA-AES128-GCM-SHA256",
                         "ECDHE-ECDSA-AES256-GCM-SHA384"};
    const auto by_ec = made();
    settings.identity = ca.issue("server", {}, 12h, pki::generate_rsa_key());
    const auto by_rsa = made();
    for (const std::string suite : suites) {
        client_tls one(&device, TLS1_2_VERSION);
        ASSERT_EQ(SSL_CTX_set_cipher_list(one.handle(), suite.c_str()), 1) << suite;
        tls_pair both(suite.find("ECDSA") == std::string::npos ? *by_rsa : *by_ec, one);
        EXPECT_EQ(both.shake_hands(), progress::done) << suite << both.server.failure();
        EXPECT_EQ(SSL_get_cipher_name(both.server.handle()), suite);
    }
}

TEST_F(server_tls_test, what_cannot_be_used_is_an_error_that_says_so) {
    auto wrong = settings;
    wrong.identity.chain_pem = "nothing";
    EXPECT_THAT(server_tls::make(wrong, sessions).error().message(), HasSubstr("chain"));
    wrong = settings;
    wrong.identity.key_pem = device.key_pem;
    EXPECT_THAT(server_tls::make(wrong, sessions).error().message(), HasSubstr("key"));
    wrong = settings;
    wrong.cipher_suites = "NO-SUCH-SUITE";
    EXPECT_THAT(server_tls::make(wrong, sessions).error().message(), HasSubstr("NO-SUCH-SUITE"));
    wrong = settings;
    wrong.ca_pem = "nothing";
    EXPECT_THAT(server_tls::make(wrong, sessions).error().message(), HasSubstr("CA"));
}

}  // namespace
}  // namespace evergrass::rt
