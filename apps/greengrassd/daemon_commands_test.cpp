#include "apps/greengrassd/link_protection.hpp"
#include "apps/greengrassd/pid_file.hpp"
#include "apps/greengrassd/start_report.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace evergrass::greengrassd {
namespace {

using testing::HasSubstr;

class daemon_files : public testing::Test {
protected:
    void SetUp() override {
        dir =
            std::filesystem::temp_directory_path() / ("greengrassd-" + hex_encode(random_bytes(6)));
        ASSERT_TRUE(make_directories(dir / "proc/4242"));
        ASSERT_TRUE(make_directories(dir / "proc/sys/fs"));
    }
    void TearDown() override { std::filesystem::remove_all(dir); }

    std::filesystem::path dir;
};

TEST_F(daemon_files, a_pid_file_names_a_live_greengrassd) {
    ASSERT_TRUE(write_pid_file(dir, 4242));
    ASSERT_TRUE(write_file_atomically(dir / "proc/4242/cmdline",
                                      std::string_view("/x/greengrassd\0daemon\0", 22)));
    EXPECT_EQ(running_daemon(dir, dir / "proc"), 4242);
    remove_pid_file(dir, 4242);
    EXPECT_FALSE(running_daemon(dir, dir / "proc"));
}

TEST_F(daemon_files, a_pid_that_another_program_has_now_is_not_running) {
    ASSERT_TRUE(write_pid_file(dir, 4242));
    ASSERT_TRUE(write_file_atomically(dir / "proc/4242/cmdline", "vim"));
    EXPECT_FALSE(running_daemon(dir, dir / "proc"));
}

TEST_F(daemon_files, pid_file_holding_garbage_is_not_running) {
    ASSERT_TRUE(write_file_atomically(pid_file_path(dir), "garbage"));
    EXPECT_FALSE(running_daemon(dir, dir / "proc"));
}

TEST_F(daemon_files, empty_pid_file_is_not_running) {
    ASSERT_TRUE(write_file_atomically(pid_file_path(dir), ""));
    EXPECT_FALSE(running_daemon(dir, dir / "proc"));
}

TEST_F(daemon_files, link_protection_that_is_off_says_how_to_switch_it_on) {
    ASSERT_TRUE(write_file_atomically(dir / "proc/sys/fs/protected_hardlinks", "1\n"));
    ASSERT_TRUE(write_file_atomically(dir / "proc/sys/fs/protected_symlinks", "0\n"));
    const auto checked = check_link_protection(dir / "proc");
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().context, HasSubstr("sysctl -w fs.protected_symlinks=1"));
    ASSERT_TRUE(write_file_atomically(dir / "proc/sys/fs/protected_symlinks", "1\n"));
    EXPECT_TRUE(check_link_protection(dir / "proc"));
}

struct pipe_ends {
    pipe_ends() { EXPECT_EQ(::pipe(ends), 0); }
    ~pipe_ends() {
        ::close(ends[0]);
        close_writer();
    }
    void close_writer() {
        if (ends[1] >= 0) {
            ::close(ends[1]);
            ends[1] = -1;
        }
    }
    int ends[2];
};

TEST(start_report, a_reason_arrives_on_one_line) {
    pipe_ends p;
    send_report(p.ends[1], start_outcome::failed, "port 8883\nis in use");
    const auto report = wait_for_report(p.ends[0], std::chrono::seconds(10));
    EXPECT_EQ(report.outcome, start_outcome::failed);
    EXPECT_EQ(report.reason, "port 8883 is in use");
}

TEST(start_report, a_daemon_that_dies_without_a_word_is_a_failure) {
    pipe_ends p;
    p.close_writer();
    EXPECT_EQ(wait_for_report(p.ends[0], std::chrono::seconds(10)).outcome, start_outcome::failed);
}

TEST(start_report, silence_is_told_apart_from_failure) {
    const pipe_ends p;
    EXPECT_EQ(wait_for_report(p.ends[0], std::chrono::milliseconds(0)).outcome,
              start_outcome::silent);
}

}  // namespace
}  // namespace evergrass::greengrassd
