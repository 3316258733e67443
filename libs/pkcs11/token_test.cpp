#include "libs/pkcs11/token.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/pkcs11/soft_token.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <memory>

namespace evergrass::pkcs11 {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// One module and its tokens for all tests: making them takes longer than using them.
class pkcs11_token : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        soft_ = std::make_unique<soft_token>();
        if (soft_->is_there()) {
            soft_->make_token("mine");
            soft_->make_token("other");
            soft_->make_key("mine", "rsa", "RSA -pkeyopt rsa_keygen_bits:2048");
            soft_->make_key("mine", "short", "RSA -pkeyopt rsa_keygen_bits:1024");
            soft_->make_key("mine", "ec", "EC -pkeyopt ec_paramgen_curve:P-256");
            soft_->make_aes_key("mine", "aes");
            soft_->make_aes_key("mine", "aes2");
        }
    }
    static void TearDownTestSuite() { soft_.reset(); }
    void SetUp() override {
        if (!soft_->is_there()) {
            GTEST_SKIP() << no_soft_token;
        }
    }

    static uri named(const std::string& object, const std::string& token = "mine") {
        return *parse_uri(soft_token::uri_of(token, object));
    }
    static std::unique_ptr<token> open() {
        auto opened = token::open(named("rsa"), soft_token::user_pin);
        EXPECT_TRUE(opened) << opened.error().message();
        return std::move(*opened);
    }
    static key find(token& in, const std::string& object) {
        const auto found = in.find_key(named(object));
        EXPECT_TRUE(found) << object << ": " << found.error().message();
        return found.value();
    }
    static bool verifies(const std::string& label, const std::string& message,
                         const std::string& signature) {
        const auto at = soft_->folder() + "/" + label;
        std::ofstream(at + ".message") << message;
        std::ofstream(at + ".signature") << signature;
        return soft_token::run("openssl dgst -sha256 -verify " + soft_->public_key_file(label) +
                               " -signature " + at + ".signature " + at +
                               ".message >/dev/null 2>&1");
    }

    static std::unique_ptr<soft_token> soft_;
};

std::unique_ptr<soft_token> pkcs11_token::soft_;

TEST_F(pkcs11_token, signs_what_openssl_verifies) {
    const auto opened = open();
    EXPECT_EQ(opened->label(), "mine");
    const auto rsa = find(*opened, "rsa");
    EXPECT_EQ(rsa.kind, key_kind::rsa);
    const auto by_message = opened->sign(rsa, signing::rsa_pkcs1_sha256, "message");
    ASSERT_TRUE(by_message) << by_message.error().message();
    EXPECT_TRUE(verifies("rsa", "message", *by_message));
    EXPECT_FALSE(verifies("rsa", "another", *by_message));
    const auto digest_info =
        *hex_decode("3031300d060960864801650304020105000420") + sha256("message");
    EXPECT_EQ(opened->sign(rsa, signing::rsa_pkcs1, digest_info).value(), *by_message);
    const auto ec = find(*opened, "ec");
    EXPECT_EQ(ec.kind, key_kind::ec);
    EXPECT_EQ(opened->sign(ec, signing::ecdsa, sha256("message")).value().size(), 64U);
}

TEST_F(pkcs11_token, unwraps_what_it_wrapped_for_the_same_purpose_alone) {
    const auto opened = open();
    for (const auto* name : {"rsa", "aes"}) {
        const auto with = find(*opened, name);
        const std::string plain("\0\x01secret", 8);
        const auto wrapped = opened->wrap(with, plain, "purpose");
        ASSERT_TRUE(wrapped) << name << ": " << wrapped.error().message();
        EXPECT_THAT(*wrapped, Not(HasSubstr("secret")));
        EXPECT_EQ(opened->unwrap(with, *wrapped, "purpose").value(), plain) << name;
        EXPECT_EQ(opened->unwrap(with, *wrapped, "another").error().code, errc::corrupt) << name;
        auto changed = *wrapped;
        changed.back() = static_cast<char>(changed.back() ^ 1);
        EXPECT_EQ(opened->unwrap(with, changed, "purpose").error().code, errc::corrupt) << name;
        EXPECT_EQ(opened->unwrap(with, "", "purpose").error().code, errc::corrupt) << name;
        EXPECT_EQ(opened->wrap(with, std::string(200, 'a'), "").error().code, errc::too_large);
    }
    const auto wrapped = opened->wrap(find(*opened, "aes"), "a", "p").value();
    EXPECT_EQ(opened->unwrap(find(*opened, "aes2"), wrapped, "p").error().code, errc::corrupt);
    EXPECT_EQ(opened->unwrap(find(*opened, "rsa"), wrapped, "p").error().code, errc::corrupt);
    EXPECT_EQ(opened->wrap(find(*opened, "ec"), "a", "p").error().code, errc::unsupported);
    EXPECT_EQ(opened->wrap(find(*opened, "short"), "a", "p").error().code, errc::unsupported);
}

TEST_F(pkcs11_token, a_wrong_pin_is_told_and_tried_once) {
    const auto refused = token::open(named("rsa"), "0000-wrong");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::denied);
    EXPECT_THAT(refused.error().message(),
                AllOf(HasSubstr("'mine'"), HasSubstr("the PIN is wrong"), Not(HasSubstr("0000"))));
    EXPECT_TRUE(token::open(named("rsa"), soft_token::user_pin));
}

TEST_F(pkcs11_token, what_is_not_there_is_named) {
    EXPECT_THAT(token::open(named("rsa", "none"), "1").error().message(),
                AllOf(HasSubstr("no token"), HasSubstr("'mine'"), HasSubstr("'other'")));
    EXPECT_THAT(token::open(*parse_uri("pkcs11:?module-path=" + soft_token::module_path()), "1")
                    .error()
                    .message(),
                HasSubstr("several tokens"));
    EXPECT_THAT(token::open(*parse_uri("pkcs11:?module-path=/no.so"), "1").error().message(),
                AllOf(HasSubstr("/no.so"), HasSubstr("module-path")));
    EXPECT_THAT(token::open(*parse_uri("pkcs11:?module-path=libc.so.6"), "1").error().message(),
                HasSubstr("libc.so.6 is not a PKCS#11 module"));
    const auto opened = open();
    EXPECT_THAT(opened->find_key(named("none")).error().message(),
                AllOf(HasSubstr("no private or secret key"), HasSubstr("object= or id=")));
    EXPECT_THAT(opened->find_key(*parse_uri("pkcs11:token=mine")).error().message(),
                HasSubstr("several private or secret keys"));
    EXPECT_EQ(find(*opened, "aes").handle,
              opened->find_key(*parse_uri("pkcs11:type=secret-key;id=%04")).value().handle);
}

}  // namespace
}  // namespace evergrass::pkcs11
