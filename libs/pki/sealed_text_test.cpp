#include "libs/pki/sealed_text.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"

#include <gtest/gtest.h>

#include <set>

namespace evergrass::pki {
namespace {

class sealed_text : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        mine_ = new private_key(private_key::from_pem(generate_rsa_key()).value());
        other_ = new private_key(private_key::from_pem(generate_rsa_key()).value());
    }
    static void TearDownTestSuite() {
        delete mine_;
        delete other_;
    }
    static std::string seal(wrapping how = wrapping::pkcs1) {
        return seal_text(*mine_, how, "purpose", "hush").value();
    }

    static private_key* mine_;
    static private_key* other_;
};

private_key* sealed_text::mine_ = nullptr;
private_key* sealed_text::other_ = nullptr;

TEST_F(sealed_text, opens_with_its_key_and_for_its_purpose) {
    for (const auto how : {wrapping::pkcs1, wrapping::oaep}) {
        EXPECT_EQ(open_sealed_text(*mine_, "purpose", seal(how)).value(), "hush");
        EXPECT_FALSE(open_sealed_text(*mine_, "another", seal(how)));
        EXPECT_FALSE(open_sealed_text(*other_, "purpose", seal(how)));
    }
}

TEST_F(sealed_text, has_another_data_key_each_time) {
    constexpr std::size_t header = 7;
    EXPECT_NE(seal().substr(header, 256), seal().substr(header, 256));
}

TEST_F(sealed_text, damage_any_byte_has_one_error) {
    const auto whole = seal();
    std::set<std::string> told;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const auto opened = open_sealed_text(*mine_, "purpose", changed);
        ASSERT_FALSE(opened) << i;
        EXPECT_EQ(opened.error().code, errc::corrupt);
        told.insert(opened.error().message());
    }
    EXPECT_EQ(told.size(), 1U);
}

TEST_F(sealed_text, damage_cut_short_anywhere_does_not_open) {
    const auto whole = seal();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(open_sealed_text(*mine_, "purpose", std::string_view(whole).substr(0, size)));
    }
}

TEST_F(sealed_text, an_elliptic_curve_wraps_nothing) {
    const auto key = private_key::from_pem(generate_ec_key()).value();
    EXPECT_EQ(seal_text(key, wrapping::pkcs1, "p", "t").error().code, errc::unsupported);
}

}  // namespace
}  // namespace evergrass::pki
