#include "libs/mqtt/lifetime.hpp"

#include <gtest/gtest.h>

namespace evergrass::mqtt {
namespace {

using std::chrono::seconds;

TEST(lifetime, ends_when_it_says_and_never_after_the_end_of_time) {
    const wall_time year_2020{seconds(1'577'836'800)};
    EXPECT_EQ(after(year_2020, 0), year_2020);
    EXPECT_EQ(after(year_2020, 60), year_2020 + seconds(60));
    EXPECT_EQ(after(year_2020, 0xFFFF'FFFF), year_2020 + seconds(0xFFFF'FFFF));
    EXPECT_EQ(after(wall_time::max() - seconds(5), 0xFFFF'FFFF), wall_time::max());
    EXPECT_EQ(after(wall_time::max(), 1), wall_time::max());
}

}  // namespace
}  // namespace evergrass::mqtt
