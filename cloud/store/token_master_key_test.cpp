#include "cloud/store/token_master_key.hpp"

#include "cloud/store/store.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pkcs11/soft_token.hpp"

#include <gmock/gmock.h>

#include <memory>

namespace evergrass::cloud {
namespace {

using pkcs11::soft_token;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class master_key_in_token : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        soft_ = std::make_unique<soft_token>();
        if (soft_->is_there()) {
            soft_->make_token("mine");
            soft_->make_key("mine", "rsa", "RSA -pkeyopt rsa_keygen_bits:2048");
            soft_->make_aes_key("mine", "aes");
        }
    }
    static void TearDownTestSuite() { soft_.reset(); }
    void SetUp() override {
        if (!soft_->is_there()) {
            GTEST_SKIP() << pkcs11::no_soft_token;
        }
        ASSERT_TRUE(write_pin(soft_token::user_pin));
    }

    static std::string pin_file() { return soft_->folder() + "/pin"; }
    static result<void> write_pin(const std::string& pin) {
        return write_file_atomically(pin_file(), pin + "\n", 0600);
    }
    static std::string uri_of(const std::string& object) {
        return soft_token::uri_of("mine", object) + "&pin-source=file:" + pin_file();
    }
    // "open", or why it is not.
    static std::string opened(const std::string& database, const std::string& key) {
        const auto state = store::open(soft_->folder() + "/" + database, key);
        return state ? "open" : state.error().message();
    }
    static std::string refusal(const std::string& uri, const char* pin = nullptr) {
        const auto made = token_master_key::make(uri, [&](const char*) { return pin; });
        return made ? "" : made.error().message();
    }

    static std::unique_ptr<soft_token> soft_;
};

std::unique_ptr<soft_token> master_key_in_token::soft_;

TEST_F(master_key_in_token, seals_a_store_that_opens_with_it_alone) {
    for (const std::string kind : {"rsa", "aes"}) {
        EXPECT_EQ(opened(kind + ".db", uri_of(kind)), "open");
        EXPECT_EQ(opened(kind + ".db", uri_of(kind)), "open");
        EXPECT_THAT(opened(kind + ".db", uri_of(kind == "rsa" ? "aes" : "rsa")),
                    HasSubstr("is not the one that the database's secrets are sealed under"));
        EXPECT_NE(opened(kind + ".db", soft_->folder() + "/master.key"), "open");
    }
    EXPECT_EQ(opened("file.db", soft_->folder() + "/master.key"), "open");
    EXPECT_THAT(opened("file.db", uri_of("aes")), HasSubstr("is not the one"));
}

TEST_F(master_key_in_token, a_wrong_pin_an_absent_token_and_an_absent_key_are_told) {
    EXPECT_EQ(opened("told.db", uri_of("aes")), "open");
    EXPECT_THAT(opened("told.db", soft_token::uri_of("away", "aes") + "&pin-source=" + pin_file()),
                AllOf(HasSubstr("the master key: no token"), HasSubstr("'mine'")));
    EXPECT_THAT(opened("told.db", uri_of("none")),
                HasSubstr("the master key: no private or secret key"));
    ASSERT_TRUE(write_pin("0000-wrong"));
    EXPECT_THAT(opened("told.db", uri_of("aes")),
                AllOf(HasSubstr("the PIN is wrong"), Not(HasSubstr("0000"))));
}

TEST_F(master_key_in_token, the_pin_is_in_a_file_of_the_owners_or_in_the_environment) {
    const auto bare = soft_token::uri_of("mine", "aes");
    EXPECT_THAT(refusal(bare), AllOf(HasSubstr("pin-source"), HasSubstr("EVERGRASS_PKCS11_PIN")));
    EXPECT_EQ(refusal(bare, "1234"), "");
    EXPECT_THAT(refusal(bare + "&pin-value=hush"),
                AllOf(HasSubstr("pin-value"), Not(HasSubstr("hush"))));
    EXPECT_THAT(refusal(bare + "&pin-source=/nowhere"), HasSubstr("/nowhere"));
    EXPECT_THAT(refusal("pkcs11:token"), HasSubstr("--master-key"));
    ASSERT_TRUE(write_file_atomically(pin_file(), "1234", 0644));
    EXPECT_THAT(refusal(uri_of("aes")), HasSubstr("chmod 600"));
    ASSERT_TRUE(write_pin(""));
    EXPECT_THAT(refusal(uri_of("aes")), HasSubstr("there is no PIN"));
}

}  // namespace
}  // namespace evergrass::cloud
