#include "libs/pki/envelope.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"

#include <gtest/gtest.h>

namespace evergrass::pki {
namespace {

struct holder {
    explicit holder(std::string key_pem) : key(std::move(key_pem)) {
        certificate_request wanted;
        wanted.common_name = "core";
        wanted.not_before = wall_time(std::chrono::hours(24 * 365 * 50));
        wanted.not_after = wall_time(std::chrono::hours(24 * 365 * 90));
        certificate = make_self_signed(wanted, key).value();
    }
    std::string key;
    std::string certificate;
};

TEST(envelope, rsa_and_ec_keys_open_what_is_sealed_for_them) {
    for (const auto& who : {holder(generate_rsa_key()), holder(generate_ec_key())}) {
        for (const std::string& text : {std::string("s3cret\0", 7), std::string(200'000, 'x')}) {
            const auto sealed = seal_for(who.certificate, text);
            ASSERT_TRUE(sealed) << sealed.error().message();
            EXPECT_EQ(sealed->find("s3cret"), std::string::npos);
            EXPECT_EQ(open_envelope(*sealed, who.certificate, who.key).value(), text);
        }
    }
}

TEST(envelope, is_sealed_for_a_key_without_a_certificate) {
    for (const auto& pem : {generate_rsa_key(), generate_ec_key()}) {
        const auto key = private_key::from_pem(pem).value();
        const auto sealed = seal_for_key(public_key_of(key), "a text");
        ASSERT_TRUE(sealed) << sealed.error().message();
        EXPECT_EQ(sealed->find("a text"), std::string::npos);
        EXPECT_EQ(open_envelope(*sealed, key).value(), "a text");
        const auto other = private_key::from_pem(generate_ec_key()).value();
        EXPECT_EQ(open_envelope(*sealed, other).error().code, errc::denied);
    }
    EXPECT_EQ(seal_for_key(public_key_of(generate_ed25519_key()).value(), "").error().code,
              errc::unsupported);
    EXPECT_EQ(seal_for_key("no key", "").error().code, errc::invalid_input);
}

TEST(envelope, nobody_else_opens_it) {
    const holder right(generate_rsa_key());
    const holder wrong(generate_rsa_key());
    const auto sealed = seal_for(right.certificate, "text").value();
    EXPECT_EQ(open_envelope(sealed, wrong.certificate, wrong.key).error().code, errc::denied);
}

TEST(envelope, a_changed_or_cut_one_does_not_open) {
    const holder who(generate_ec_key());
    const auto sealed = seal_for(who.certificate, "a text of some length").value();
    for (const auto at : {sealed.size() / 2, sealed.size() - 20, sealed.size() - 1}) {
        auto changed = sealed;
        changed[at] ^= 1;
        const auto opened = open_envelope(changed, who.certificate, who.key);
        EXPECT_TRUE(!opened || *opened != "a text of some length") << at;
        EXPECT_FALSE(open_envelope(sealed.substr(0, at), who.certificate, who.key)) << at;
    }
    EXPECT_EQ(open_envelope("", who.certificate, who.key).error().code, errc::invalid_input);
}

}  // namespace
}  // namespace evergrass::pki
