#include "libs/base/seal.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <gtest/gtest.h>

namespace evergrass {
namespace {

const std::string key = random_bytes(seal_key_bytes);

TEST(sealing, opens_with_its_key_and_purpose_alone) {
    for (const auto* plain : {"", "secret", "a much longer secret than one block of AES has"}) {
        const auto sealed = seal(key, plain, "here");
        EXPECT_EQ(unseal(key, sealed, "here").value(), plain);
        EXPECT_TRUE(unseal(key, sealed, "there").has_error());
        EXPECT_TRUE(unseal(random_bytes(seal_key_bytes), sealed, "here").has_error());
    }
}

TEST(sealing, the_same_text_is_sealed_differently_each_time_and_not_readable) {
    const auto once = seal(key, "secret-secret-secret", "here");
    EXPECT_NE(once, seal(key, "secret-secret-secret", "here"));
    EXPECT_EQ(once.find("secret"), std::string::npos);
}

TEST(sealing, any_changed_or_missing_byte_is_corrupt) {
    const auto sealed = seal(key, "secret", "here");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const auto opened = unseal(key, changed, "here");
        ASSERT_TRUE(opened.has_error()) << "byte " << i;
        EXPECT_EQ(opened.error().code, errc::corrupt);
        EXPECT_TRUE(unseal(key, sealed.substr(0, i), "here").has_error()) << i << " bytes";
    }
}

}  // namespace
}  // namespace evergrass
