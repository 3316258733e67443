#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/db/sqlite.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace evergrass::db {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class sqlite_damage : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-db-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        path_ = directory_ + "/state.db";
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    void write_rows(int count) {
        auto db = connection::open(path_);
        ASSERT_TRUE(db);
        ASSERT_TRUE((*db)->migrate(migrations_));
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE((*db)->run("put", "INSERT INTO t(v) VALUES(?1)", {std::string(900, 'x')}));
        }
    }

    error failure_to_open() {
        auto db = connection::open(path_);
        if (!db) {
            return db.error();
        }
        auto read = (*db)->query("all", "SELECT v FROM t", {}, [](const row&) {});
        return read ? error{} : read.error();
    }

    const std::vector<std::string_view> migrations_ = {"CREATE TABLE t(v TEXT)"};
    std::string directory_;
    std::string path_;
};

TEST_F(sqlite_damage, a_file_that_is_no_database_is_named_and_left_alone) {
    const std::string content = "{\"this\": \"is not a database\", \"but\": \"long enough\"}";
    ASSERT_TRUE(write_file_atomically(path_, content + std::string(4096, ' ')));
    const auto failed = failure_to_open();
    EXPECT_EQ(failed.code, errc::corrupt);
    EXPECT_THAT(failed.message(), AllOf(HasSubstr(path_), HasSubstr("not a database"),
                                        HasSubstr("move the file away")));
    EXPECT_TRUE(read_file(path_)->starts_with(content));
}

TEST_F(sqlite_damage, a_truncated_file_is_reported) {
    write_rows(50);
    std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
    const auto failed = failure_to_open();
    EXPECT_EQ(failed.code, errc::corrupt);
    EXPECT_THAT(failed.message(), HasSubstr("restore the file from a backup"));
}

TEST_F(sqlite_damage, an_overwritten_page_is_reported) {
    write_rows(50);
    auto content = *read_file(path_);
    for (std::size_t i = 8192; i < 12288; ++i) {
        content[i] = '\x5a';
    }
    ASSERT_TRUE(write_file_atomically(path_, content));
    EXPECT_EQ(failure_to_open().code, errc::corrupt);
}

TEST_F(sqlite_damage, an_empty_file_becomes_a_database) {
    ASSERT_TRUE(write_file_atomically(path_, "", 0600));
    write_rows(1);
    EXPECT_FALSE(failure_to_open().code);
}

TEST_F(sqlite_damage, a_file_of_a_later_build_is_refused) {
    {
        auto db = connection::open(path_);
        ASSERT_TRUE(db);
        ASSERT_TRUE((*db)->migrate({"CREATE TABLE t(v TEXT)", "CREATE TABLE u(v TEXT)"}));
    }
    auto db = connection::open(path_);
    ASSERT_TRUE(db);
    const auto refused = (*db)->migrate(migrations_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::unsupported);
    EXPECT_THAT(refused.error().message(),
                AllOf(HasSubstr("has schema 2"), HasSubstr("knows up to 1")));
}

TEST_F(sqlite_damage, another_programs_database_is_refused) {
    {
        auto db = connection::open(path_);
        ASSERT_TRUE(db);
        ASSERT_TRUE((*db)->run("foreign", "CREATE TABLE bookmarks(url TEXT)"));
    }
    auto db = connection::open(path_);
    ASSERT_TRUE(db);
    EXPECT_EQ((*db)->migrate(migrations_).error().code, errc::conflict);
}

TEST_F(sqlite_damage, what_was_committed_survives_a_kill_and_the_rest_does_not) {
    write_rows(1);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto db = connection::open(path_);
        if (!db || !(*db)->run("put", "INSERT INTO t(v) VALUES('committed')")) {
            ::_exit(1);
        }
        (void)(*db)->transaction([&]() -> result<void> {
            (void)(*db)->run("lost", "INSERT INTO t(v) VALUES('open')");
            ::kill(::getpid(), SIGKILL);
            return {};
        });
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    auto db = connection::open(path_);
    ASSERT_TRUE(db);
    std::vector<std::string> found;
    ASSERT_TRUE((*db)->query("all", "SELECT v FROM t WHERE length(v) < 100", {},
                             [&](const row& r) { found.push_back(r.text(0)); }));
    EXPECT_THAT(found, ::testing::ElementsAre("committed"));
}

TEST_F(sqlite_damage, a_log_cut_short_loses_only_its_tail) {
    write_rows(1);
    auto db = connection::open(path_);
    ASSERT_TRUE(db);
    ASSERT_TRUE((*db)->run("put", "INSERT INTO t(v) VALUES('in the log')"));
    // A copy as a power cut would leave it: the log's last frame is torn.
    const auto copy = directory_ + "/copy.db";
    std::filesystem::copy_file(path_, copy);
    std::filesystem::copy_file(path_ + "-wal", copy + "-wal");
    std::filesystem::resize_file(copy + "-wal", std::filesystem::file_size(copy + "-wal") - 100);
    path_ = copy;
    EXPECT_FALSE(failure_to_open().code);
}

}  // namespace
}  // namespace evergrass::db
