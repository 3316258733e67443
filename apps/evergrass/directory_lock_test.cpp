#include "apps/evergrass/directory_lock.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::cli {
namespace {

class directory_lock_test : public testing::Test {
protected:
    directory_lock_test()
        : directory_(testing::TempDir() + "evergrass_lock_" + std::to_string(::getpid())) {
        std::filesystem::create_directories(directory_);
    }
    ~directory_lock_test() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path directory_;
};

TEST_F(directory_lock_test, is_had_by_one_at_a_time_and_names_its_owner) {
    {
        const auto first = directory_lock::take(directory_);
        ASSERT_TRUE(first);
        const auto second = directory_lock::take(directory_);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, errc::conflict);
        EXPECT_THAT(second.error().context, testing::HasSubstr(std::to_string(::getpid())));
        EXPECT_THAT(second.error().context, testing::HasSubstr(directory_.string()));
    }
    EXPECT_TRUE(directory_lock::take(directory_));
}

TEST_F(directory_lock_test, that_children_of_a_dead_owner_hold_is_worth_waiting_for) {
    const auto held = directory_lock::take(directory_);
    ASSERT_TRUE(held);
    // An owner that no process can be: over the kernel's highest pid_max. Written in place, since
    // the lock is on the file and not on its name.
    std::ofstream(directory_ / "up.lock", std::ios::trunc) << 5'000'000;
    EXPECT_EQ(directory_lock::take(directory_).error().code, errc::unavailable);
    const auto in_vain = directory_lock::take_or_wait(directory_, std::chrono::seconds(0), [] {});
    EXPECT_EQ(in_vain.error().code, errc::unavailable);
}

TEST_F(directory_lock_test, an_owner_that_nobody_has_waited_for_is_dead) {
    const auto held = directory_lock::take(directory_);
    ASSERT_TRUE(held);
    const auto owner = ::fork();
    if (owner == 0) {
        ::_exit(0);
    }
    siginfo_t ended{};
    // Ended, but still in the table of processes.
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(owner), &ended, WEXITED | WNOWAIT), 0);
    std::ofstream(directory_ / "up.lock", std::ios::trunc) << owner;
    EXPECT_EQ(directory_lock::take(directory_).error().code, errc::unavailable);
    ASSERT_EQ(::waitpid(owner, nullptr, 0), owner);
}

}  // namespace
}  // namespace evergrass::cli
