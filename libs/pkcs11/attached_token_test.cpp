#include "libs/pkcs11/attached_token.hpp"

#include "libs/base/errors.hpp"
#include "libs/pkcs11/errors.hpp"
#include "libs/pkcs11/module.hpp"
#include "libs/pkcs11/soft_token.hpp"

#include <gmock/gmock.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

namespace evergrass::pkcs11 {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct free_context {
    void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
    void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
using context = std::unique_ptr<EVP_PKEY_CTX, free_context>;

class attached_pkcs11_token : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        soft_ = std::make_unique<soft_token>();
        if (soft_->is_there()) {
            soft_->make_token("core");
            soft_->make_key("core", "rsa", "RSA -pkeyopt rsa_keygen_bits:2048");
            soft_->make_key("core", "short", "RSA -pkeyopt rsa_keygen_bits:1024");
            soft_->make_key("core", "p256", "EC -pkeyopt ec_paramgen_curve:P-256");
            soft_->make_key("core", "p384", "EC -pkeyopt ec_paramgen_curve:P-384");
            soft_->make_key("core", "p521", "EC -pkeyopt ec_paramgen_curve:P-521");
        }
    }
    static void TearDownTestSuite() { soft_.reset(); }
    void SetUp() override {
        if (!soft_->is_there()) {
            GTEST_SKIP() << no_soft_token;
        }
    }

    static uri object(const std::string& label) {
        return *parse_uri("pkcs11:object=" + label + ";type=private");
    }
    std::shared_ptr<attached_token> attach(const std::string& pin = soft_token::user_pin) {
        uri named;
        named.token = "core";
        named.module_path = soft_token::module_path();
        return attached_token::make(named, pin, [this](const error* trouble) {
            told_.push_back(trouble == nullptr ? "back" : "away");
        });
    }

    // Signed with the private half, which is in the token; verified with the public one.
    static bool signs(EVP_PKEY* key, const EVP_MD* digest, bool pss) {
        const auto text = reinterpret_cast<const unsigned char*>("a text");
        const std::unique_ptr<EVP_MD_CTX, free_context> work(EVP_MD_CTX_new());
        EVP_PKEY_CTX* how = nullptr;
        const auto pad = [&] {
            return !pss || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                            EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1);
        };
        std::size_t size = 0;
        std::vector<unsigned char> signature(1024);
        size = signature.size();
        if (EVP_DigestSignInit(work.get(), &how, digest, nullptr, key) != 1 || !pad() ||
            EVP_DigestSign(work.get(), signature.data(), &size, text, 6) != 1) {
            return false;
        }
        unsigned char* der = nullptr;
        const auto written = i2d_PUBKEY(key, &der);
        const unsigned char* from = der;
        const std::unique_ptr<EVP_PKEY, free_context> half(d2i_PUBKEY(nullptr, &from, written));
        OPENSSL_free(der);
        EVP_MD_CTX_reset(work.get());
        return EVP_DigestVerifyInit(work.get(), &how, digest, nullptr, half.get()) == 1 && pad() &&
               EVP_DigestVerify(work.get(), signature.data(), size, text, 6) == 1;
    }

    // Made in the token: what softhsm2-util puts there may not agree on keys (CKA_DERIVE).
    static void generate_for_agreement(std::string label) {
        const auto library = module::open(soft_token::module_path()).value();
        auto& call = library->call();
        std::array<CK_SLOT_ID, 4> slots{};
        unsigned long count = slots.size();
        ASSERT_EQ(call.C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
        CK_SESSION_HANDLE session = 0;
        ASSERT_EQ(call.C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                     nullptr, &session),
                  CKR_OK);
        std::string pin = soft_token::user_pin;
        const auto raw = [](std::string& text) {
            return reinterpret_cast<unsigned char*>(text.data());
        };
        ASSERT_EQ(call.C_Login(session, CKU_USER, raw(pin), pin.size()), CKR_OK);
        CK_BBOOL yes = CK_TRUE;
        std::string curve = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";  // P-256
        std::array<CK_ATTRIBUTE, 3> open{{{CKA_EC_PARAMS, curve.data(), curve.size()},
                                          {CKA_TOKEN, &yes, sizeof yes},
                                          {CKA_LABEL, label.data(), label.size()}}};
        std::array<CK_ATTRIBUTE, 4> closed{{{CKA_DERIVE, &yes, sizeof yes},
                                            {CKA_SIGN, &yes, sizeof yes},
                                            {CKA_TOKEN, &yes, sizeof yes},
                                            {CKA_LABEL, label.data(), label.size()}}};
        CK_MECHANISM how{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
        CK_OBJECT_HANDLE pair[2];
        EXPECT_EQ(call.C_GenerateKeyPair(session, &how, open.data(), open.size(), closed.data(),
                                         closed.size(), &pair[0], &pair[1]),
                  CKR_OK);
        call.C_CloseSession(session);
    }

    static std::unique_ptr<soft_token> soft_;
    std::vector<std::string> told_;
};

std::unique_ptr<soft_token> attached_pkcs11_token::soft_;

TEST_F(attached_pkcs11_token, rsa_signs_by_pkcs1_and_pss) {
    const auto key = attach()->private_key(object("rsa"));
    ASSERT_TRUE(key) << key.error().message();
    EXPECT_TRUE(signs(key->get(), EVP_sha256(), false));
    EXPECT_TRUE(signs(key->get(), EVP_sha512(), false));
    EXPECT_TRUE(signs(key->get(), EVP_sha256(), true));
}

TEST_F(attached_pkcs11_token, ec_signs_digests_shorter_and_longer_than_its_order) {
    const auto in = attach();
    for (const auto* label : {"p256", "p384"}) {
        const auto key = in->private_key(object(label));
        ASSERT_TRUE(key) << label << ": " << key.error().message();
        for (const auto* digest : {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
            EXPECT_TRUE(signs(key->get(), digest, false)) << label;
        }
    }
}

TEST_F(attached_pkcs11_token, ec_agrees_as_the_other_side_does) {
    generate_for_agreement("agrees");
    const auto in = attach();
    const auto mine = in->private_key(object("agrees"));
    ASSERT_TRUE(mine) << mine.error().message();
    const std::unique_ptr<EVP_PKEY, free_context> theirs(EVP_EC_gen("P-256"));
    const auto agree = [](EVP_PKEY* own, EVP_PKEY* other) {
        const context work(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
        std::string secret(32, '\0');
        std::size_t size = secret.size();
        EXPECT_EQ(EVP_PKEY_derive_init(work.get()), 1);
        EXPECT_EQ(EVP_PKEY_derive_set_peer(work.get(), other), 1);
        EXPECT_EQ(
            EVP_PKEY_derive(work.get(), reinterpret_cast<unsigned char*>(secret.data()), &size), 1);
        return secret;
    };
    unsigned char* der = nullptr;
    const auto written = i2d_PUBKEY(mine->get(), &der);
    const unsigned char* from = der;
    const std::unique_ptr<EVP_PKEY, free_context> half(d2i_PUBKEY(nullptr, &from, written));
    OPENSSL_free(der);
    EXPECT_EQ(agree(mine->get(), theirs.get()), agree(theirs.get(), half.get()));
}

TEST_F(attached_pkcs11_token, what_a_key_may_not_do_is_no_wrong_pin) {
    const auto in = attach();
    const auto asked = in->agree(object("p256"), std::string("\4") + std::string(64, 'x'), 32);
    ASSERT_FALSE(asked);
    EXPECT_THAT(asked.error().message(), HasSubstr("CKA_DERIVE"));
    EXPECT_TRUE(in->private_key(object("p256")));
    EXPECT_TRUE(told_.empty());
}

TEST_F(attached_pkcs11_token, keys_that_tls_does_not_take_are_refused) {
    const auto in = attach();
    for (const auto* label : {"short", "p521"}) {
        const auto key = in->private_key(object(label));
        ASSERT_FALSE(key) << label;
        EXPECT_EQ(key.error().code, errc::unsupported);
        EXPECT_THAT(key.error().message(), HasSubstr("P-256 or P-384"));
    }
    EXPECT_EQ(in->private_key(object("nobody")).error().code, errc::not_found);
}

TEST_F(attached_pkcs11_token, taken_out_and_put_back_signs_again) {
    const auto key = attach()->private_key(object("rsa"));
    ASSERT_TRUE(key) << key.error().message();
    ASSERT_TRUE(signs(key->get(), EVP_sha256(), false));
    const std::filesystem::path tokens = soft_->folder() + "/tokens";
    const std::filesystem::path drawer = soft_->folder() + "/drawer";
    std::filesystem::rename(tokens, drawer);
    std::filesystem::create_directory(tokens);
    EXPECT_FALSE(signs(key->get(), EVP_sha256(), false));
    EXPECT_FALSE(signs(key->get(), EVP_sha256(), false));
    std::filesystem::remove(tokens);
    std::filesystem::rename(drawer, tokens);
    EXPECT_TRUE(signs(key->get(), EVP_sha256(), false));
    EXPECT_THAT(told_, ElementsAre("away", "back"));
}

// SoftHSM2 with one session for all programs together.
class token_with_one_session : public attached_pkcs11_token {
protected:
    void SetUp() override {
        attached_pkcs11_token::SetUp();
        sessions_ = soft_->folder() + "/sessions";
        std::filesystem::create_directory(sessions_);
        std::ofstream(sessions_ + "/one");
        ::setenv("EVERGRASS_FEW_SESSIONS", sessions_.c_str(), 1);
    }
    void TearDown() override { ::unsetenv("EVERGRASS_FEW_SESSIONS"); }

    std::shared_ptr<attached_token> attach_limited() {
        uri named;
        named.token = "core";
        named.module_path = FEW_SESSIONS_MODULE;
        return attached_token::make(named, soft_token::user_pin, [this](const error* trouble) {
            told_.push_back(trouble == nullptr                   ? "back"
                            : trouble->code == fault::no_session ? "no session"
                                                                 : "away");
        });
    }

    // Another program, which has the session until it is dropped.
    class other_program {
    public:
        explicit other_program(const std::string& sessions)
            : lock_(::open((sessions + "/one").c_str(), O_RDONLY | O_CLOEXEC)),
              has_it_(::flock(lock_, LOCK_EX | LOCK_NB) == 0) {}
        ~other_program() { ::close(lock_); }
        other_program(const other_program&) = delete;
        other_program& operator=(const other_program&) = delete;
        bool has_it() const { return has_it_; }

    private:
        int lock_;
        bool has_it_;
    };

    std::string sessions_;
};

TEST_F(token_with_one_session, all_keys_share_it_and_it_is_free_when_they_go) {
    auto in = attach_limited();
    auto rsa = in->private_key(object("rsa"));
    auto ec = in->private_key(object("p256"));
    ASSERT_TRUE(rsa && ec);
    EXPECT_FALSE(in->private_key(object("nobody")));  // asks anew, by the same session
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(signs(rsa->get(), EVP_sha256(), true));
        EXPECT_TRUE(signs(ec->get(), EVP_sha256(), false));
    }
    EXPECT_FALSE(other_program(sessions_).has_it());
    in.reset();
    rsa->reset();
    ec->reset();
    EXPECT_TRUE(other_program(sessions_).has_it());
}

TEST_F(token_with_one_session, that_others_have_is_told_with_what_to_do_and_tried_again) {
    const auto in = attach_limited();
    {
        const other_program other(sessions_);
        ASSERT_TRUE(other.has_it());
        const auto refused = in->attach();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, fault::no_session);
        EXPECT_THAT(refused.error().message(),
                    AllOf(HasSubstr("the token 'core'"), HasSubstr("close others that use it"),
                          HasSubstr("limit")));
        EXPECT_EQ(in->private_key(object("rsa")).error().code, fault::no_session);
    }
    EXPECT_TRUE(in->private_key(object("rsa")));
    EXPECT_THAT(told_, ElementsAre("no session", "back"));
}

TEST_F(token_with_one_session, that_is_lost_with_the_token_comes_back_once_it_is_free) {
    const auto in = attach_limited();
    const auto key = in->private_key(object("rsa"));
    ASSERT_TRUE(key) << key.error().message();
    const std::filesystem::path tokens = soft_->folder() + "/tokens";
    const std::filesystem::path drawer = soft_->folder() + "/drawer";
    std::filesystem::rename(tokens, drawer);
    std::filesystem::create_directory(tokens);
    EXPECT_FALSE(signs(key->get(), EVP_sha256(), false));
    std::filesystem::remove(tokens);
    std::filesystem::rename(drawer, tokens);
    {
        const other_program other(sessions_);
        ASSERT_TRUE(other.has_it());  // a token that is away holds none
        EXPECT_FALSE(signs(key->get(), EVP_sha256(), false));
        EXPECT_FALSE(signs(key->get(), EVP_sha256(), false));
    }
    EXPECT_TRUE(signs(key->get(), EVP_sha256(), false));
    EXPECT_THAT(told_, ElementsAre("away", "no session", "back"));
}

TEST_F(attached_pkcs11_token, says_whether_a_key_opens_what_is_sealed_for_it) {
    generate_for_agreement("opens");
    const auto in = attach();
    EXPECT_TRUE(in->try_opening(object("rsa")));
    EXPECT_TRUE(in->try_opening(object("opens")));
    const auto refused = in->try_opening(object("p256"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::denied);
    EXPECT_THAT(refused.error().message(), HasSubstr("CKA_DERIVE"));
    EXPECT_EQ(in->try_opening(object("nobody")).error().code, errc::not_found);
}

TEST_F(attached_pkcs11_token, a_wrong_pin_is_tried_once_and_never_told) {
    const auto in = attach("hush-1234");
    const auto first = in->attach();
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, errc::denied);
    EXPECT_THAT(first.error().message(), HasSubstr("the PIN is wrong"));
    EXPECT_THAT(first.error().message(), Not(HasSubstr("hush")));
    // With the token out of reach another try would find no token.
    const std::filesystem::path tokens = soft_->folder() + "/tokens";
    std::filesystem::rename(tokens, soft_->folder() + "/drawer");
    EXPECT_EQ(in->attach().error().code, errc::denied);
    EXPECT_EQ(in->private_key(object("rsa")).error().code, errc::denied);
    std::filesystem::rename(soft_->folder() + "/drawer", tokens);
}

}  // namespace
}  // namespace evergrass::pkcs11
