#include "edge/isolation/mount_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge::isolation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(mount_table, has_the_part_the_place_the_type_and_the_options_of_each_line) {
    const auto all = read_mount_table(
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "35 31 0:32 /docker/7 /sys/fs/cgroup/memory ro,nosuid shared:9 master:1 - cgroup cg "
        "rw,memory\n");
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].root, "/");
    EXPECT_EQ(all[0].point, "/proc");
    EXPECT_EQ(all[0].type, "proc");
    EXPECT_EQ(all[0].options, "rw");
    EXPECT_EQ(all[1].root, "/docker/7");
    EXPECT_EQ(all[1].point, "/sys/fs/cgroup/memory");
    EXPECT_EQ(all[1].type, "cgroup");
    EXPECT_EQ(all[1].options, "rw,memory") << "of the file system, not of the mount";
}

TEST(mount_table, keeps_the_order_of_mounting_and_what_is_mounted_twice) {
    const auto all = read_mount_table(
        "1 0 0:1 / /a rw - x x x\n2 0 0:1 / / rw - x x x\n"
        "3 0 0:1 / /a rw - y y y\n");
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_EQ(all[0].point, "/a");
    EXPECT_EQ(all[1].point, "/");
    EXPECT_EQ(all[2].type, "y");
}

TEST(mount_table, gives_names_as_they_are_and_not_as_the_kernel_writes_them) {
    const auto point = [](const std::string& written) {
        return read_mount_table("1 0 0:1 / " + written + " rw - x x x\n").at(0).point;
    };
    EXPECT_EQ(point("/a\\040b"), "/a b");
    EXPECT_EQ(point("/a\\011b\\012c\\134"), "/a\tb\nc\\");
    EXPECT_EQ(point("/\\303\\244"), "/\xc3\xa4");
    EXPECT_EQ(point("/a\\04"), "/a\\04") << "cut short";
    EXPECT_EQ(point("/a\\089"), "/a\\089") << "no octal number";
    EXPECT_EQ(point("/a\\"), "/a\\");
}

TEST(mount_table, of_a_last_line_without_its_end_is_read) {
    EXPECT_THAT(read_mount_table("1 0 0:1 / /a rw - x x x"), SizeIs(1));
}

TEST(mount_table, leaves_out_lines_that_are_none) {
    EXPECT_THAT(read_mount_table(""), IsEmpty());
    EXPECT_THAT(read_mount_table("\n\n - \nx\n1 0 0:1 / /a rw\n1 0 0:1 / - x x x\n"
                                 "1 0 0:1 / /a rw - x x\n"),
                IsEmpty());
}

TEST(split, leaves_out_empty_parts) {
    EXPECT_THAT(split("", ','), IsEmpty());
    EXPECT_THAT(split(",,", ','), IsEmpty());
    EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "b"));
    EXPECT_THAT(split("a", ','), ElementsAre("a"));
}

}  // namespace
}  // namespace evergrass::edge::isolation
