#include "libs/mqtt/reason.hpp"

#include <gtest/gtest.h>

namespace evergrass::mqtt {
namespace {

TEST(reason, has_a_name_for_every_code_of_the_standard) {
    int named = 0;
    for (unsigned code = 0; code < 256; ++code) {
        named += to_string(static_cast<reason>(code)) == "unknown reason" ? 0 : 1;
    }
    EXPECT_EQ(named, 8 + 35);
    EXPECT_EQ(to_string(reason::packet_too_large), "packet too large");
    EXPECT_EQ(to_string(static_cast<reason>(0x7F)), "unknown reason");
}

TEST(reason, is_a_failure_from_0x80) {
    EXPECT_FALSE(is_failure(reason::no_matching_subscribers));
    EXPECT_TRUE(is_failure(reason::unspecified_error));
}

}  // namespace
}  // namespace evergrass::mqtt
