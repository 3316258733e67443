#include "libs/pki/envelope.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"

#include <gtest/gtest.h>
#include <openssl/cms.h>
#include <openssl/rsa.h>

#include <string>
#include <vector>

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
    const std::string text = "a text of some length";
    const holder who(generate_ec_key());
    const auto sealed = seal_for(who.certificate, text).value();
    constexpr std::size_t tag_bytes = 16;
    // The text's bytes, the head of the tag and the tag.
    for (auto at = sealed.size() - tag_bytes - 2 - text.size(); at < sealed.size(); ++at) {
        for (const auto bit : {1, 0x80}) {
            auto changed = sealed;
            changed[at] = static_cast<char>(changed[at] ^ bit);
            EXPECT_FALSE(open_envelope(changed, who.certificate, who.key)) << at;
        }
    }
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        auto changed = sealed;
        changed[at] ^= 1;
        const auto opened = open_envelope(changed, who.certificate, who.key);
        EXPECT_TRUE(!opened || *opened == text) << at;
        EXPECT_FALSE(open_envelope(sealed.substr(0, at), who.certificate, who.key)) << at;
    }
    EXPECT_EQ(open_envelope(sealed + "x", who.certificate, who.key).error().code,
              errc::unsupported);
    EXPECT_EQ(open_envelope("", who.certificate, who.key).error().code, errc::invalid_input);
}

std::string made_by_openssl(const std::vector<std::string>& readers, const EVP_CIPHER* cipher,
                            int padding) {
    constexpr unsigned flags = CMS_BINARY | CMS_PARTIAL;
    const auto text = detail::read_only("a text");
    CMS_ContentInfo* cms = CMS_encrypt(nullptr, text.get(), cipher, flags);
    for (const auto& each : readers) {
        const auto certificate = detail::parse_certificate(each).value();
        auto* reader = CMS_add1_recipient_cert(cms, certificate.get(), flags | CMS_KEY_PARAM);
        EVP_PKEY_CTX_set_rsa_padding(CMS_RecipientInfo_get0_pkey_ctx(reader), padding);
    }
    CMS_final(cms, text.get(), nullptr, flags);
    const detail::bio_ptr out(BIO_new(BIO_s_mem()));
    i2d_CMS_bio(out.get(), cms);
    CMS_ContentInfo_free(cms);
    return detail::text_of(out.get());
}

TEST(envelope, what_is_not_authenticated_or_not_as_it_is_sealed_does_not_open) {
    const holder who(generate_rsa_key());
    const auto answer_to = [&](const std::string& cms) {
        return open_envelope(cms, who.certificate, who.key);
    };
    const auto as_sealed =
        made_by_openssl({who.certificate}, EVP_aes_256_gcm(), RSA_PKCS1_OAEP_PADDING);
    ASSERT_EQ(answer_to(as_sealed).value(), "a text");
    const auto expect_refused = [&](const std::string& cms) {
        const auto answer = answer_to(cms);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, errc::unsupported) << answer.error().message();
        EXPECT_NE(answer.error().message().find("AuthEnvelopedData"), std::string::npos);
    };
    for (const auto* cipher : {EVP_aes_256_cbc(), EVP_aes_128_cbc(), EVP_aes_128_gcm()}) {
        SCOPED_TRACE(EVP_CIPHER_get0_name(cipher));
        expect_refused(made_by_openssl({who.certificate}, cipher, RSA_PKCS1_OAEP_PADDING));
    }
    expect_refused(made_by_openssl({who.certificate}, EVP_aes_256_gcm(), RSA_PKCS1_PADDING));
    expect_refused(made_by_openssl({who.certificate, holder(generate_rsa_key()).certificate},
                                   EVP_aes_256_gcm(), RSA_PKCS1_OAEP_PADDING));
}

TEST(envelope, a_tag_that_was_cut_to_what_can_be_guessed_does_not_open) {
    const holder who(generate_rsa_key());
    auto cut = seal_for(who.certificate, "a text").value();
    constexpr std::size_t tag_bytes = 16;
    constexpr std::size_t gone = 12;
    cut.resize(cut.size() - gone);
    cut[cut.size() - (tag_bytes - gone) - 1] = tag_bytes - gone;
    // The lengths of what it is in: each has two bytes, as an RSA key makes it longer than 255.
    for (const std::size_t at : {2, 19, 23}) {
        ASSERT_EQ(static_cast<unsigned char>(cut[at - 1]), 0x82);
        const auto length = static_cast<unsigned char>(cut[at]) * 256 +
                            static_cast<unsigned char>(cut[at + 1]) - static_cast<int>(gone);
        cut[at] = static_cast<char>(length / 256);
        cut[at + 1] = static_cast<char>(length % 256);
    }
    const auto opened = open_envelope(cut, who.certificate, who.key);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::unsupported) << opened.error().message();
}

}  // namespace
}  // namespace evergrass::pki
