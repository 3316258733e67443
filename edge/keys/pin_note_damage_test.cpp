#include "edge/keys/core_keys.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pkcs11/soft_token.hpp"

#include <gmock/gmock.h>

namespace evergrass::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class pin_refused : public ::testing::Test {
protected:
    pin_refused() { EXPECT_TRUE(write_file_atomically(config_, "{}", 0600)); }
    ~pin_refused() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path directory_ = [] {
        std::string pattern = ::testing::TempDir() + "evergrass-pin-XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    std::filesystem::path config_ = directory_ / "config.json";
    std::filesystem::path file_ = directory_ / "ggc/var/state/pin-refused.json";
    pin_note note_{file_, config_};
};

TEST_F(pin_refused, counts_until_config_json_is_another) {
    EXPECT_FALSE(note_.refusal());
    ASSERT_TRUE(note_.keep("wrong"));
    EXPECT_EQ(note_.refusal(), "wrong");
    ASSERT_TRUE(write_file_atomically(config_, "{}", 0600));
    EXPECT_FALSE(note_.refusal());
}

TEST_F(pin_refused, counts_no_more_once_it_is_dropped) {
    ASSERT_TRUE(note_.keep("wrong"));
    note_.drop();
    EXPECT_FALSE(note_.refusal());
}

TEST_F(pin_refused, damage_that_is_no_such_json_counts_as_none) {
    ASSERT_TRUE(note_.keep("wrong"));
    const auto whole = read_file(file_).value();
    for (const auto& text : {std::string(), std::string("[]"), whole.substr(0, whole.size() / 2),
                             std::string("{\"config\": 7, \"reason\": 7}")}) {
        ASSERT_TRUE(write_file_atomically(file_, text, 0600));
        EXPECT_FALSE(note_.refusal()) << text;
    }
}

TEST_F(pin_refused, a_wrong_pin_is_not_tried_by_the_next_start) {
    pkcs11::soft_token soft;
    if (!soft.is_there()) {
        GTEST_SKIP() << pkcs11::no_soft_token;
    }
    soft.make_token("core");
    soft.make_key("core", "iot", "RSA -pkeyopt rsa_keygen_bits:2048");
    core_config config;
    config.file = config_;
    config.write_directory = directory_ / "ggc";
    config.private_key.object = pkcs11::parse_uri("pkcs11:object=iot").value();
    config.secrets_key = config.private_key;
    config.token = token_setting{pkcs11::soft_token::module_path(), "core", "hush-1"};
    const auto said = [&] {
        core_keys keys(config, logger());
        const auto opened = keys.open();
        return opened ? std::string("good") : opened.error().message();
    };
    EXPECT_THAT(said(), AllOf(HasSubstr("the PIN is wrong"), Not(HasSubstr("was not tried"))));
    EXPECT_THAT(said(), AllOf(HasSubstr("was not tried again"), Not(HasSubstr("hush"))));
    config.token->user_pin = pkcs11::soft_token::user_pin;
    EXPECT_THAT(said(), HasSubstr("was not tried again"));  // config.json is what it was
    ASSERT_TRUE(write_file_atomically(config_, "{ }", 0600));
    EXPECT_EQ(said(), "good");
    EXPECT_FALSE(std::filesystem::exists(file_));
    config.server_key.emplace().object = pkcs11::parse_uri("pkcs11:object=nobody").value();
    EXPECT_THAT(said(), HasSubstr("MQTTServerCertificate.privateKeyPath"));
}

}  // namespace
}  // namespace evergrass::edge
