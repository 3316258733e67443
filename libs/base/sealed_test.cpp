#include "libs/base/sealed.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass {
namespace {

const std::string key(32, 'k');

TEST(sealed, opens_to_what_was_sealed) {
    for (const std::string& text :
         {std::string(), std::string("a\0b", 3), std::string(70000, 'x')}) {
        const auto sealed = seal(key, text, "about");
        EXPECT_EQ(sealed.size(), text.size() + 28);
        EXPECT_EQ(open_sealed(key, sealed, "about").value(), text);
    }
}

TEST(sealed, no_two_are_alike_and_none_shows_its_text) {
    const auto one = seal(key, "a secret text", "");
    EXPECT_NE(one, seal(key, "a secret text", ""));
    EXPECT_EQ(one.find("secret"), std::string::npos);
}

TEST(sealed, another_key_another_owner_or_a_changed_byte_does_not_open) {
    const auto sealed = seal(key, "text", "mine");
    EXPECT_EQ(open_sealed(std::string(32, 'l'), sealed, "mine").error().code, errc::corrupt);
    EXPECT_EQ(open_sealed(key, sealed, "yours").error().code, errc::corrupt);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] ^= 1;
        EXPECT_FALSE(open_sealed(key, changed, "mine")) << i;
        EXPECT_FALSE(open_sealed(key, sealed.substr(0, i), "mine")) << i;
    }
}

}  // namespace
}  // namespace evergrass
