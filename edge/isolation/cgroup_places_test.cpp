#include "edge/isolation/cgroup_places.hpp"

#include <gtest/gtest.h>

#include <map>

namespace evergrass::edge::isolation {
namespace {

using files = std::map<std::string, std::string>;

cgroup_places places_of(std::string_view mounts, std::string_view own, const files& texts = {}) {
    return find_cgroups(mounts, own, [&](const std::string& path) {
        const auto found = texts.find(path);
        return found == texts.end() ? std::string{} : found->second;
    });
}

constexpr std::string_view hybrid =
    "25 20 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "26 25 0:23 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "27 25 0:24 / /sys/fs/cgroup/pids rw shared:7 - cgroup cgroup rw,pids\n"
    "28 25 0:25 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n"
    "29 25 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST(cgroup_places, of_version_1_are_in_the_cores_own_group_of_each_controller) {
    const auto places =
        places_of(hybrid, "9:name=systemd:/\n8:pids:/\n5:devices:/d\n4:memory:/m/n\n0::/\n");
    EXPECT_EQ(places.memory.directory, "/sys/fs/cgroup/memory/m/n");
    EXPECT_EQ(places.pids.directory, "/sys/fs/cgroup/pids");
    EXPECT_EQ(places.devices.directory, "/sys/fs/cgroup/devices/d");
    EXPECT_FALSE(places.memory.second_version);
}

TEST(cgroup_places, of_version_1_seen_from_a_container_begin_at_its_own_root) {
    const auto places =
        places_of("26 25 0:23 /docker/7 /sys/fs/cgroup/memory rw - cgroup c rw,memory\n",
                  "4:memory:/docker/7/x\n");
    EXPECT_EQ(places.memory.directory, "/sys/fs/cgroup/memory/x");
}

// Such as of a core whose group was moved since the file system was mounted.
TEST(cgroup_places, that_are_outside_of_what_is_mounted_are_none) {
    const auto memory_of = [](const std::string& group) {
        return places_of("26 25 0:23 /docker/7 /sys/fs/cgroup/memory rw - cgroup c rw,memory\n",
                         "4:memory:" + group + "\n")
            .memory.directory;
    };
    EXPECT_EQ(memory_of("/docker/7"), "/sys/fs/cgroup/memory");
    EXPECT_EQ(memory_of("/docker/77/x"), "");
    EXPECT_EQ(memory_of("/docker"), "");
    EXPECT_EQ(memory_of("/"), "");
    EXPECT_EQ(memory_of("/../x"), "");
    EXPECT_EQ(memory_of("x"), "");
}

TEST(cgroup_places, of_version_2_stand_beside_the_cores_group) {
    const files texts = {
        {"/sys/fs/cgroup/system.slice/gg.service/cgroup.subtree_control", "cpu memory pids\n"}};
    const auto places = places_of("26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                                  "0::/system.slice/gg.service/evergrass-core\n", texts);
    EXPECT_EQ(places.memory.directory, "/sys/fs/cgroup/system.slice/gg.service");
    EXPECT_EQ(places.pids.directory, places.memory.directory);
    EXPECT_EQ(places.devices.directory, places.memory.directory);
    EXPECT_TRUE(places.memory.second_version);
}

TEST(cgroup_places, without_a_controller_are_missing_but_for_devices) {
    const auto places = places_of("26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n",
                                  {{"/sys/fs/cgroup/cgroup.subtree_control", "cpu\n"}});
    EXPECT_EQ(places.memory.directory, "");
    EXPECT_EQ(places.devices.directory, "/sys/fs/cgroup");
}

TEST(cgroup_places, with_blanks_in_their_path_are_read_as_they_are_called) {
    const auto places = places_of("26 25 0:23 / /sys/fs/my\\040groups rw - cgroup c rw,memory\n",
                                  "4:cpu,memory:/\n");
    EXPECT_EQ(places.memory.directory, "/sys/fs/my groups");
}

TEST(cgroup_places, of_other_tables_are_none) {
    EXPECT_EQ(places_of("", "").memory.directory, "");
    EXPECT_EQ(places_of("nonsense\n - \n1 2 3 - cgroup\n", "::\n:\nx").memory.directory, "");
}

}  // namespace
}  // namespace evergrass::edge::isolation
