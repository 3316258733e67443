#include "libs/db/sqlite.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class sqlite : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-db-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        path_ = directory_ + "/state.db";
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::unique_ptr<connection> open_with_table() {
        auto opened = connection::open(path_);
        EXPECT_TRUE(opened);
        EXPECT_TRUE((*opened)->migrate({"CREATE TABLE t(k TEXT PRIMARY KEY, v)"}));
        return std::move(*opened);
    }

    static result<void> put(connection& db, std::string key) {
        return db.run("put", "INSERT INTO t(k) VALUES(?1)", {std::move(key)});
    }

    static std::vector<std::string> keys(connection& db) {
        std::vector<std::string> found;
        EXPECT_TRUE(db.query("keys", "SELECT k FROM t ORDER BY k", {},
                             [&](const row& r) { found.push_back(r.text(0)); }));
        return found;
    }

    std::string directory_;
    std::string path_;
};

TEST_F(sqlite, values_come_back_as_they_went_in) {
    auto db = open_with_table();
    const std::string bytes("\0\xff\0z", 4);
    ASSERT_TRUE(db->run(
        "put",
        "INSERT INTO t(k, v) VALUES('text', ?1), ('number', ?2), "
        "('bytes', ?3), ('empty', ?4), ('null', ?5)",
        {std::string("a\0b", 3), std::int64_t{1} << 40, blob{bytes}, blob{}, std::monostate{}}));
    std::vector<std::string> texts;
    std::vector<bool> nulls;
    ASSERT_TRUE(db->query("all", "SELECT v FROM t ORDER BY rowid", {}, [&](const row& r) {
        texts.push_back(r.text(0));
        nulls.push_back(r.is_null(0));
    }));
    EXPECT_THAT(texts, ElementsAre(std::string("a\0b", 3), "1099511627776", bytes, "", ""));
    EXPECT_THAT(nulls, ElementsAre(false, false, false, false, true));
    EXPECT_EQ(db->changes(), 5);
}

TEST_F(sqlite, the_file_is_for_its_owner_alone) {
    auto db = open_with_table();
    ASSERT_TRUE(put(*db, "a"));
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        struct stat status {};
        ASSERT_EQ(::stat((path_ + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
    }
}

TEST_F(sqlite, the_write_ahead_log_is_synced_at_each_commit) {
    auto db = open_with_table();
    std::string mode;
    std::int64_t synchronous = 0;
    ASSERT_TRUE(
        db->query("mode", "PRAGMA journal_mode", {}, [&](const row& r) { mode = r.text(0); }));
    ASSERT_TRUE(db->query("sync", "PRAGMA synchronous", {},
                          [&](const row& r) { synchronous = r.integer(0); }));
    EXPECT_EQ(mode, "wal");
    EXPECT_EQ(synchronous, 2);
}

TEST_F(sqlite, a_transaction_is_undone_by_an_error_and_by_an_exception) {
    auto db = open_with_table();
    const auto failed = db->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db, "a"));
        return error{errc::denied, "no"};
    });
    EXPECT_EQ(failed.error().code, errc::denied);
    EXPECT_THROW((void)db->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db, "b"));
        throw std::runtime_error("broken");
    }),
                 std::runtime_error);
    EXPECT_TRUE(db->transaction([&] { return put(*db, "c"); }));
    EXPECT_THAT(keys(*db), ElementsAre("c"));
}

TEST_F(sqlite, an_inner_transaction_is_undone_alone) {
    auto db = open_with_table();
    ASSERT_TRUE(db->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db, "outer"));
        EXPECT_TRUE(db->transaction([&] { return put(*db, "kept"); }));
        EXPECT_FALSE(db->transaction([&]() -> result<void> {
            EXPECT_TRUE(put(*db, "undone"));
            return error{errc::denied, "no"};
        }));
        return {};
    }));
    EXPECT_THAT(keys(*db), ElementsAre("kept", "outer"));
}

TEST_F(sqlite, an_outer_error_undoes_what_an_inner_transaction_did) {
    auto db = open_with_table();
    ASSERT_FALSE(db->transaction([&]() -> result<void> {
        EXPECT_TRUE(db->transaction([&] { return put(*db, "inner"); }));
        return error{errc::denied, "no"};
    }));
    EXPECT_THAT(keys(*db), ElementsAre());
}

TEST_F(sqlite, a_broken_constraint_is_a_conflict_that_names_the_statement) {
    auto db = open_with_table();
    ASSERT_TRUE(put(*db, "a"));
    const auto again = put(*db, "a");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, errc::conflict);
    EXPECT_THAT(again.error().message(), HasSubstr(": put: UNIQUE constraint failed: t.k"));
    EXPECT_TRUE(put(*db, "b")) << "the statement is usable again";
}

TEST_F(sqlite, a_statement_may_run_inside_its_own_rows) {
    auto db = open_with_table();
    ASSERT_TRUE(put(*db, "a"));
    ASSERT_TRUE(put(*db, "b"));
    std::size_t seen = 0;
    ASSERT_TRUE(db->query("keys", "SELECT k FROM t ORDER BY k", {},
                          [&](const row&) { seen += keys(*db).size(); }));
    EXPECT_EQ(seen, 4u);
}

TEST_F(sqlite, one_name_stands_for_one_statement) {
    auto db = open_with_table();
    ASSERT_TRUE(db->run("name", "DELETE FROM t"));
    EXPECT_EQ(db->run("name", "DELETE FROM t WHERE k = 'a'").error().code, errc::invalid_input);
}

TEST_F(sqlite, each_migration_is_applied_once) {
    const std::vector<std::string_view> first = {"CREATE TABLE t(k TEXT PRIMARY KEY, v)"};
    std::vector<std::string_view> both = first;
    both.emplace_back(
        "ALTER TABLE t ADD COLUMN w TEXT DEFAULT 'w'; INSERT INTO t(k) VALUES('new')");
    {
        auto db = connection::open(path_);
        ASSERT_TRUE(db);
        ASSERT_TRUE((*db)->migrate(first));
        ASSERT_TRUE(put(**db, "old"));
    }
    for (int start = 0; start < 2; ++start) {
        auto db = connection::open(path_);
        ASSERT_TRUE(db);
        ASSERT_TRUE((*db)->migrate(both));
        EXPECT_THAT(keys(**db), ElementsAre("new", "old"));
    }
}

TEST_F(sqlite, a_migration_that_fails_leaves_the_schema_as_it_was) {
    auto db = open_with_table();
    const auto failed = db->migrate({"-- done before", "CREATE TABLE u(x); CREATE TABLE t(x)"});
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message(), HasSubstr("migration 2"));
    EXPECT_FALSE(db->run("u", "SELECT * FROM u"));
}

TEST_F(sqlite, a_missing_directory_is_named) {
    const auto opened = connection::open(directory_ + "/none/state.db");
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(), HasSubstr("/none/state.db"));
}

}  // namespace
}  // namespace evergrass::db
