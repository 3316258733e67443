#include "apps/evergrass/child_process.hpp"

#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

std::filesystem::path log_with(const std::string& text) {
    const std::filesystem::path path = testing::TempDir() + "evergrass_tail_test.log";
    EXPECT_TRUE(write_file_atomically(path, text));
    return path;
}

TEST(tail_of_a_log, is_its_last_lines_indented) {
    EXPECT_EQ(tail_of(log_with("one\ntwo\nthree\n"), 2, "  "), "  two\n  three");
}

TEST(tail_of_a_log, of_fewer_lines_is_all_of_them) {
    EXPECT_EQ(tail_of(log_with("one\ntwo"), 5, "> "), "> one\n> two");
    EXPECT_EQ(tail_of(log_with("one\ntwo"), 2, ""), "one\ntwo");
}

TEST(tail_of_a_log, says_when_there_is_nothing) {
    EXPECT_THAT(tail_of(log_with("\n"), 5, ""), HasSubstr("wrote nothing"));
    EXPECT_THAT(tail_of("/nonexistent/evergrass.log", 5, ""), HasSubstr("wrote nothing"));
}

TEST(exit_status, is_put_in_words) {
    EXPECT_EQ(describe_exit(3 << 8), "exited with status 3");
    EXPECT_THAT(describe_exit(SIGKILL), HasSubstr("signal 9"));
}

TEST(command, gives_its_output) {
    EXPECT_EQ(run_command({"/bin/echo", "a b"}).value(), "a b\n");
}

TEST(command, that_fails_is_reported_with_its_own_words) {
    const auto failed = run_command({"/bin/sh", "-c", "echo broken >&2; exit 4"});
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().context, HasSubstr("exited with status 4: broken"));
}

TEST(command, that_does_not_exist_is_named) {
    const auto failed = run_command({"/nonexistent/evergrass-cloud"});
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().context, HasSubstr("cannot execute /nonexistent/evergrass-cloud"));
}

}  // namespace
}  // namespace evergrass::cli
