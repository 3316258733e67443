#include "edge/isolation/cgroup_home.hpp"

#include "edge/isolation/cgroup_places.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sched.h>
#include <set>
#include <sstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// On the control groups of the host that runs the test, as far as it lets us.
namespace evergrass::edge::isolation {
namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Where groups can be made here.
std::set<std::string> places() {
    const auto found =
        find_cgroups(text_of("/proc/self/mountinfo"), text_of("/proc/self/cgroup"), text_of);
    std::set<std::string> all = {found.memory.directory, found.pids.directory,
                                 found.devices.directory};
    all.erase("");
    return all;
}

// The pid of a process that has been, and is no more.
pid_t ended_pid() {
    const auto child = ::fork();
    if (child == 0) {
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return child;
}

class left_over_groups : public testing::Test {
protected:
    ~left_over_groups() override {
        for (const auto& path : made_) {
            ::rmdir(path.c_str());
        }
    }

    // In each place; false: this host or user may not.
    bool make(const std::string& name) {
        for (const auto& place : places()) {
            const auto path = place + "/" + name;
            if (::mkdir(path.c_str(), 0755) != 0) {
                return false;
            }
            made_.push_back(path);
        }
        return !made_.empty();
    }
    static std::size_t count(const std::string& name) {
        std::size_t found = 0;
        for (const auto& place : places()) {
            found += std::filesystem::exists(place + "/" + name) ? 1 : 0;
        }
        return found;
    }

private:
    std::vector<std::string> made_;
};

TEST_F(left_over_groups, of_processes_that_run_no_more_are_removed_and_others_stay) {
    const auto dead = group_prefix + std::to_string(ended_pid()) + "-7";
    const auto probe = group_prefix + std::to_string(ended_pid()) + "-probe";
    const auto living = group_prefix + std::to_string(::getpid()) + "-7";
    const auto other = group_prefix + "of-somebody-" + std::to_string(::getpid());
    const auto foreign = "other-" + std::to_string(ended_pid()) + "-7";
    for (const auto& name : {dead, probe, living, other, foreign}) {
        if (!make(name)) {
            GTEST_SKIP() << "no control groups can be made here";
        }
    }
    remove_left_over_groups();
    EXPECT_EQ(count(dead), 0U);
    EXPECT_EQ(count(probe), 0U);
    EXPECT_EQ(count(living), places().size());
    EXPECT_EQ(count(other), places().size()) << "names no process";
    EXPECT_EQ(count(foreign), places().size()) << "is not ours";
}

TEST(cgroup_home, is_not_needed_where_version_1_has_the_memory) {
    const auto own = text_of("/proc/self/cgroup");
    const auto found = find_cgroups(text_of("/proc/self/mountinfo"), own, text_of);
    if (found.memory.directory.empty() || found.memory.second_version) {
        GTEST_SKIP() << "this host has no version 1 of the control group of memory";
    }
    EXPECT_TRUE(take_cgroup_home());
    EXPECT_EQ(text_of("/proc/self/cgroup"), own) << "nothing is moved on version 1";
    for (const auto& place : places()) {
        EXPECT_FALSE(std::filesystem::exists(place + "/" + std::string(core_group)));
    }
}

// In a mount namespace of its own, where version 2 is all that is mounted.
class only_version_2 : public testing::Test {
protected:
    // Runs in a child, whose mounts are its own; its exit status.
    static int in_child(int (*run)()) {
        const auto child = ::fork();
        if (child == 0) {
            const bool alone = ::unshare(CLONE_NEWNS) == 0 &&
                               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
            while (alone && ::umount2("/sys/fs/cgroup", MNT_DETACH) == 0) {
            }
            const bool mounted =
                alone && ::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr) == 0;
            ::_exit(mounted ? run() : cannot);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    static constexpr int good = 0;
    static constexpr int bad = 1;
    static constexpr int cannot = 2;
};

TEST_F(only_version_2, without_control_of_memory_is_refused_with_what_to_do) {
    const auto status = in_child([] {
        if (text_of("/sys/fs/cgroup/cgroup.controllers").find("memory") != std::string::npos) {
            return cannot;
        }
        const auto taken = take_cgroup_home();
        if (taken) {
            return bad;
        }
        const auto said = taken.error().message();
        const bool names = said.find("offers no control of memory") != std::string::npos &&
                           said.find("cgroup_enable=memory") != std::string::npos;
        const bool moved = text_of("/proc/self/cgroup").find(core_group) != std::string::npos;
        return names && !moved ? good : bad;
    });
    if (status == cannot) {
        GTEST_SKIP() << "needs root and a host whose version 2 has no control of memory";
    }
    EXPECT_EQ(status, good);
}

}  // namespace
}  // namespace evergrass::edge::isolation
