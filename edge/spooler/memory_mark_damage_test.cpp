#include "edge/spooler/memory_mark.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using log_store::testing::crashing_file_system;
using log_store::testing::fault;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(memory_mark_damage, power_cut_leaves_a_mark_that_was_made) {
    crashing_file_system disk;
    memory_mark killed(disk, "/spool");
    EXPECT_FALSE(killed.look().value());
    ASSERT_TRUE(killed.set(true));
    disk.restart();
    EXPECT_THAT(disk.files("/spool"), ElementsAre("/spool/memory"));
    EXPECT_TRUE(memory_mark(disk, "/spool").look().value());
}

TEST(memory_mark_damage, power_cut_does_not_bring_back_one_that_was_removed) {
    crashing_file_system disk;
    memory_mark ended(disk, "/spool");
    ASSERT_TRUE(ended.set(true));
    ASSERT_TRUE(ended.set(false));
    disk.restart();
    EXPECT_THAT(disk.files("/spool"), IsEmpty());
    EXPECT_FALSE(memory_mark(disk, "/spool").look().value());
}

TEST(memory_mark_damage, mark_of_an_earlier_run_is_not_made_again_but_can_be_removed) {
    crashing_file_system disk;
    ASSERT_TRUE(memory_mark(disk, "/spool").set(true));
    memory_mark next(disk, "/spool");
    EXPECT_TRUE(next.look().value());
    EXPECT_TRUE(next.set(true)) << "one that is there cannot be created";
    EXPECT_TRUE(next.set(false));
    EXPECT_THAT(disk.files("/spool"), IsEmpty());
}

TEST(memory_mark_damage, full_disk_is_told_and_tried_again) {
    crashing_file_system disk;
    memory_mark mark(disk, "/spool");
    disk.inject_at_next("create", fault::disk_full);
    EXPECT_FALSE(mark.set(true));
    EXPECT_TRUE(mark.set(true));
    EXPECT_THAT(disk.files("/spool"), ElementsAre("/spool/memory"));
}

}  // namespace
}  // namespace evergrass::edge
