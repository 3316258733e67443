#include "edge/isolation/host_mounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge::isolation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string table(std::initializer_list<const char*> points) {
    std::string text = "1 0 254:0 / / rw,relatime - ext4 /dev/vda rw\n";
    for (const auto* point : points) {
        text += "2 1 0:1 / " + std::string(point) + " rw - ext4 /dev/vdb rw\n";
    }
    return text;
}

TEST(program_mounts, are_those_of_programs_and_libraries) {
    EXPECT_THAT(program_mounts(table({"/proc", "/usr", "/home", "/opt/java", "/nix/store", "/lib64",
                                      "/etc/ssl", "/var", "/dev", "/sys/fs/cgroup"})),
                ElementsAre("/usr", "/opt/java", "/nix/store", "/lib64", "/etc/ssl"));
}

TEST(program_mounts, leave_the_root_out_which_the_overlay_shows) {
    EXPECT_THAT(program_mounts(table({})), IsEmpty());
}

TEST(program_mounts, are_not_those_of_names_that_only_begin_alike) {
    EXPECT_THAT(program_mounts(table({"/usrlocal", "/options", "/library", "/etcetera"})),
                IsEmpty());
}

TEST(program_mounts, bring_what_is_mounted_inside_of_them) {
    EXPECT_THAT(program_mounts(table({"/usr", "/usr/share", "/usr/share/fonts", "/usr2"})),
                ElementsAre("/usr"));
    EXPECT_THAT(program_mounts(table({"/opt/a", "/opt/ab", "/opt/a/b"})),
                ElementsAre("/opt/a", "/opt/ab"));
}

TEST(program_mounts, that_are_mounted_twice_are_one) {
    EXPECT_THAT(program_mounts(table({"/usr", "/usr"})), ElementsAre("/usr"));
}

TEST(program_mounts, have_their_plain_names) {
    EXPECT_THAT(program_mounts(table({"/opt/my\\040java"})), ElementsAre("/opt/my java"));
}

}  // namespace
}  // namespace evergrass::edge::isolation
