#include "apps/doctor/checks.hpp"
#include "apps/doctor/token_facts.hpp"
#include "libs/pkcs11/soft_token.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <sstream>

namespace evergrass::doctor {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* config = R"({
  "crypto": {
    "PKCS11": {"P11Provider": "/lib/p11.so", "slotLabel": "gg", "slotUserPin": "1234"},
    "principals": {
      "IoTCertificate": {"privateKeyPath": "pkcs11:object=iot;type=private"},
      "SecretsManager": {"privateKeyPath": "file:///greengrass/certs/secrets.key"}}}})";

std::map<std::string, judgement> judged(const token_facts& token) {
    std::map<std::string, judgement> all;
    for (const auto& [id, of] : judge_all("token", "", token, token_checks()).findings) {
        all[id] = of;
    }
    return all;
}

TEST(token_settings, are_those_of_config_json) {
    const auto read = read_token_settings(config);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->provider, "/lib/p11.so");
    EXPECT_EQ((*read)->slot_label, "gg");
    EXPECT_EQ((*read)->pin, "1234");
    ASSERT_EQ((*read)->principals.size(), 1U);
    EXPECT_EQ((*read)->principals.front().name, "IoTCertificate");
}

TEST(token_settings, are_none_without_a_key_in_a_token) {
    for (const auto* none : {"{}", R"({"crypto": 7})", R"({"crypto": {"principals": []}})"}) {
        const auto read = read_token_settings(none);
        ASSERT_TRUE(read) << none;
        EXPECT_FALSE(*read) << none;
    }
    EXPECT_FALSE(read_token_settings("[]"));
    EXPECT_FALSE(read_token_settings("{"));
}

TEST(token_checks, want_an_rsa_key_for_secrets_and_the_certificates_own_for_the_cloud) {
    token_facts token{true, "/lib/p11.so", "gg", "", {}};
    token.keys = {{"IoTCertificate", "", false, true}, {"SecretsManager", "", false, std::nullopt}};
    EXPECT_EQ(judged(token)["token.certificate-key"].is, verdict::ok);
    EXPECT_EQ(judged(token)["token.secrets-key"].is, verdict::failed);
    EXPECT_EQ(judged(token)["token.server-key"].is, verdict::skipped);
    token.keys.front().matches = false;
    EXPECT_EQ(judged(token)["token.certificate-key"].is, verdict::failed);
}

TEST(token_checks, warn_not_to_try_pins) {
    token_facts token{true, "/lib/p11.so", "gg", "the PIN is wrong", {}};
    EXPECT_EQ(judged(token)["token.open"].is, verdict::failed);
    EXPECT_THAT(judged(token)["token.open"].remedy, HasSubstr("lock"));
    token.module.clear();
    EXPECT_THAT(judged(token)["token.open"].found, HasSubstr("P11Provider"));
}

TEST(token_checks, tell_a_session_of_the_running_core_from_one_of_others) {
    token_facts token{true, "/lib/p11.so", "gg", "no session", {}};
    token.lacks_session = true;
    EXPECT_EQ(judged(token)["token.open"].is, verdict::failed);
    token.core_runs = true;
    EXPECT_EQ(judged(token)["token.open"].is, verdict::warning);
    EXPECT_THAT(judged(token)["token.open"].found, HasSubstr("the running core holds it"));
}

TEST(token_checks, warn_of_a_key_that_opens_no_secrets) {
    token_facts token{true, "/lib/p11.so", "gg", "", {}};
    EXPECT_EQ(judged(token)["token.opens-secrets"].is, verdict::skipped);
    token.keys = {{"IoTCertificate", "", false, true}};
    EXPECT_EQ(judged(token)["token.opens-secrets"].is, verdict::ok);
    token.keys.front().opening_error = "CKA_DERIVE";
    EXPECT_EQ(judged(token)["token.opens-secrets"].is, verdict::warning);
    EXPECT_THAT(judged(token)["token.opens-secrets"].remedy,
                HasSubstr("crypto.principals.SecretsManager.privateKeyPath"));
    token.secrets_have_a_key = true;
    EXPECT_EQ(judged(token)["token.opens-secrets"].is, verdict::ok);
}

// Keys in SoftHSM2, as a core of V1 had them.
class token_look : public testing::Test {
protected:
    void SetUp() override {
        if (!token_.is_there()) {
            GTEST_SKIP() << pkcs11::no_soft_token;
        }
        token_.make_token("gg");
    }

    // A certificate for the key that was made under this label.
    std::string certificate_of(const std::string& label) {
        std::ifstream file(token_.folder() + "/" + label + ".pem");
        std::stringstream key;
        key << file.rdbuf();
        pki::certificate_request wanted;
        wanted.common_name = label;
        wanted.not_before = std::chrono::system_clock::now();
        wanted.not_after = wanted.not_before + std::chrono::hours(24);
        return *pki::make_self_signed(wanted, key.str());
    }

    token_settings settings(const std::string& object, std::string pin) {
        return {token_.module_path(),
                "gg",
                std::move(pin),
                {{"IoTCertificate", "pkcs11:object=" + object + ";type=private"}}};
    }

    pkcs11::soft_token token_;
};

TEST_F(token_look, knows_the_certificates_key_of_both_kinds) {
    token_.make_key("gg", "rsa", "RSA -pkeyopt rsa_keygen_bits:2048");
    token_.make_key("gg", "ec", "EC -pkeyopt ec_paramgen_curve:P-256");
    for (const auto* label : {"rsa", "ec"}) {
        const auto own = look_at_token(settings(label, token_.user_pin), certificate_of(label));
        EXPECT_EQ(own.error, "");
        ASSERT_EQ(own.keys.size(), 1U);
        EXPECT_EQ(own.keys.front().error, "");
        EXPECT_EQ(own.keys.front().matches, true) << label;
        EXPECT_NE(own.keys.front().handle, nullptr) << label;
        // What softhsm2-util imports may not agree on keys.
        EXPECT_EQ(own.keys.front().opening_error.empty(), own.keys.front().is_rsa) << label;
    }
    const auto crossed = look_at_token(settings("rsa", token_.user_pin), certificate_of("ec"));
    EXPECT_EQ(crossed.keys.front().matches, false);
}

TEST_F(token_look, tells_a_missing_key_and_a_wrong_pin_and_never_the_pin) {
    token_.make_key("gg", "ec", "EC -pkeyopt ec_paramgen_curve:P-256");
    const auto missing = look_at_token(settings("other", token_.user_pin), "");
    ASSERT_EQ(missing.keys.size(), 1U);
    EXPECT_THAT(missing.keys.front().error, HasSubstr("as the PKCS#11 URI says"));
    const auto wrong = look_at_token(settings("ec", "9999-wrong"), "");
    EXPECT_NE(wrong.error, "");
    EXPECT_THAT(wrong.error, Not(HasSubstr("9999-wrong")));
    EXPECT_TRUE(wrong.keys.empty());
}

}  // namespace
}  // namespace evergrass::doctor
