#include "libs/pki/key_wrap.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace evergrass::pki {
namespace {

class wrapped_keys : public ::testing::TestWithParam<key_wrapping> {
protected:
    static void SetUpTestSuite() {
        mine_ = private_key::from_pem(generate_rsa_key()).value();
        other_ = private_key::from_pem(generate_rsa_key()).value();
    }
    static std::optional<private_key> mine_;
    static std::optional<private_key> other_;
    const std::string key_ = std::string("\0a key of thirty-two bytes, as AES", 32);
};

std::optional<private_key> wrapped_keys::mine_;
std::optional<private_key> wrapped_keys::other_;

TEST_P(wrapped_keys, come_out_with_the_key_that_wrapped_them) {
    const auto wrapped = wrap_key(*mine_, GetParam(), key_);
    ASSERT_TRUE(wrapped) << wrapped.error().message();
    EXPECT_EQ(wrapped->find("thirty"), std::string::npos);
    EXPECT_NE(*wrapped, wrap_key(*mine_, GetParam(), key_).value());
    EXPECT_EQ(unwrap_key(*mine_, GetParam(), *wrapped, key_.size()).value(), key_);
}

// What a padding oracle would be asked: each gets a key, another one each time, and no reason.
TEST_P(wrapped_keys, that_do_not_come_out_are_random_ones_and_no_error) {
    const auto good = wrap_key(*mine_, GetParam(), key_).value();
    auto changed = good;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    const auto short_one = wrap_key(*mine_, GetParam(), "short").value();
    for (const auto& bad :
         {changed, std::string(), std::string("x"), good + "x", short_one,
          std::string(good.size(), '\xff'), wrap_key(*other_, GetParam(), key_).value()}) {
        const auto first = unwrap_key(*mine_, GetParam(), bad, key_.size());
        const auto second = unwrap_key(*mine_, GetParam(), bad, key_.size());
        ASSERT_TRUE(first && second);
        EXPECT_EQ(first->size(), key_.size());
        EXPECT_FALSE(*first == key_ || *first == second->view());
    }
}

INSTANTIATE_TEST_SUITE_P(both, wrapped_keys,
                         ::testing::Values(key_wrapping::pkcs1, key_wrapping::oaep));

TEST(key_wrap, only_rsa_keys_wrap) {
    const auto curve = private_key::from_pem(generate_ed25519_key()).value();
    EXPECT_EQ(wrap_key(curve, key_wrapping::pkcs1, "k").error().code, errc::unsupported);
    EXPECT_EQ(unwrap_key(curve, key_wrapping::pkcs1, "k", 1).error().code, errc::unsupported);
}

}  // namespace
}  // namespace evergrass::pki
