#include "libs/base/errors.hpp"
#include "libs/db/byte_link.hpp"
#include "libs/db/postgres.hpp"
#include "libs/db/sqlite.hpp"
#include "libs/db/state_mark.hpp"
#include "libs/db/test_postgres.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

namespace evergrass::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string_view> tables = {
    "CREATE TABLE t(k TEXT PRIMARY KEY, v BLOB, n INTEGER NOT NULL DEFAULT 7) WITHOUT ROWID;"
    "CREATE TABLE numbered(sequence INTEGER PRIMARY KEY AUTOINCREMENT, k TEXT NOT NULL UNIQUE);"};

// What callers of db::connection count on, whichever database it is.
class engines : public ::testing::TestWithParam<const char*> {
protected:
    // One for all suites of the program.
    static void SetUpTestSuite() {
        if (!server_) {
            server_ = std::make_unique<test_postgres>();
        }
    }

    void SetUp() override {
        if (std::string(GetParam()) == "sqlite") {
            std::string pattern = ::testing::TempDir() + "evergrass-db-XXXXXX";
            ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
            directory_ = pattern;
            place_ = directory_ + "/state.db";
        } else if (!server_->is_there()) {
            GTEST_SKIP() << no_postgres;
        } else {
            place_ = server_->new_database();
        }
        db_ = open();
    }
    void TearDown() override {
        db_.reset();
        if (!directory_.empty()) {
            std::filesystem::remove_all(directory_);
        }
    }

    std::unique_ptr<connection> open() {
        auto opened = connection::open(place_);
        EXPECT_TRUE(opened) << opened.error().message();
        const auto migrated = (*opened)->migrate(tables);
        EXPECT_TRUE(migrated) << migrated.error().message();
        return std::move(*opened);
    }

    static result<void> put(connection& db, std::string key) {
        return db.run("put", "INSERT INTO t(k) VALUES(?1)", {std::move(key)});
    }

    static std::vector<std::string> keys(connection& db) {
        std::vector<std::string> found;
        const auto read = db.query("keys", "SELECT k FROM t ORDER BY k", {},
                                   [&](const row& r) { found.push_back(r.text(0)); });
        EXPECT_TRUE(read) << read.error().message();
        return found;
    }

    static std::int64_t number(connection& db, const std::string& sql) {
        std::int64_t found = -1;
        const auto read = db.query(sql, sql, {}, [&](const row& r) { found = r.integer(0); });
        EXPECT_TRUE(read) << read.error().message();
        return found;
    }

    static std::unique_ptr<test_postgres> server_;
    std::string directory_;
    std::string place_;
    std::unique_ptr<connection> db_;
};

std::unique_ptr<test_postgres> engines::server_;

INSTANTIATE_TEST_SUITE_P(store, engines, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(engines, values_come_back_as_they_went_in) {
    const std::string bytes("\0\xff\\x41\0z", 8);
    ASSERT_TRUE(db_->run("put",
                         "INSERT INTO t(k, v, n) VALUES('a', ?1, ?2), ('b', ?3, 1), ('c', ?4, 1)",
                         {blob{bytes}, std::int64_t{1} << 40, blob{}, std::monostate{}}));
    EXPECT_EQ(db_->changes(), 3);
    std::vector<std::string> texts;
    std::vector<bool> nulls;
    ASSERT_TRUE(db_->query("all", "SELECT v, n FROM t ORDER BY k", {}, [&](const row& r) {
        texts.push_back(r.text(0));
        nulls.push_back(r.is_null(0));
        texts.push_back(r.text(1));
    }));
    EXPECT_THAT(texts, ElementsAre(bytes, "1099511627776", "", "1", "", "1"));
    EXPECT_THAT(nulls, ElementsAre(false, false, true));
}

TEST_P(engines, what_is_no_column_is_still_a_number_or_a_text) {
    ASSERT_TRUE(put(*db_, "a"));
    ASSERT_TRUE(db_->query("each",
                           "SELECT EXISTS(SELECT 1 FROM t WHERE k = ?1), count(*) >= ?2, sum(n),"
                           " ?1 || '!' FROM t",
                           {"a", std::int64_t{1}}, [](const row& r) {
                               EXPECT_EQ(r.integer(0), 1);
                               EXPECT_EQ(r.integer(1), 1);
                               EXPECT_EQ(r.integer(2), 7);
                               EXPECT_EQ(r.text(3), "a!");
                           }));
}

TEST_P(engines, texts_are_ordered_by_their_bytes) {
    for (const auto* key : {"b", "a", "B", "_", "ä", "a-b", "a b"}) {
        ASSERT_TRUE(put(*db_, key));
    }
    EXPECT_THAT(keys(*db_), ElementsAre("B", "_", "a", "a b", "a-b", "b", "ä"));
}

TEST_P(engines, a_transaction_is_undone_by_an_error_and_by_an_exception) {
    const auto failed = db_->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db_, "a"));
        return error{errc::denied, "no"};
    });
    EXPECT_EQ(failed.error().code, errc::denied);
    EXPECT_THROW((void)db_->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db_, "b"));
        throw std::runtime_error("broken");
    }),
                 std::runtime_error);
    EXPECT_TRUE(db_->transaction([&] { return put(*db_, "c"); }));
    EXPECT_THAT(keys(*open()), ElementsAre("c"));
}

TEST_P(engines, an_inner_transaction_is_undone_alone) {
    ASSERT_TRUE(db_->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db_, "outer"));
        EXPECT_TRUE(db_->transaction([&] { return put(*db_, "kept"); }));
        EXPECT_FALSE(db_->transaction([&]() -> result<void> { return put(*db_, "outer"); }));
        EXPECT_FALSE(db_->transaction([&]() -> result<void> {
            EXPECT_TRUE(put(*db_, "undone"));
            return error{errc::denied, "no"};
        }));
        return put(*db_, "after");
    }));
    EXPECT_THAT(keys(*open()), ElementsAre("after", "kept", "outer"));
}

TEST_P(engines, a_broken_constraint_is_a_conflict_that_names_the_statement) {
    ASSERT_TRUE(put(*db_, "a"));
    const auto again = put(*db_, "a");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, errc::conflict);
    EXPECT_THAT(again.error().message(), HasSubstr(": put: "));
    EXPECT_TRUE(put(*db_, "b")) << "the statement is usable again";
}

TEST_P(engines, a_statement_may_run_inside_its_own_rows) {
    ASSERT_TRUE(put(*db_, "a"));
    ASSERT_TRUE(put(*db_, "b"));
    std::size_t seen = 0;
    ASSERT_TRUE(db_->query("keys", "SELECT k FROM t ORDER BY k", {},
                           [&](const row&) { seen += keys(*db_).size(); }));
    EXPECT_EQ(seen, 4u);
}

TEST_P(engines, one_name_stands_for_one_statement) {
    ASSERT_TRUE(db_->run("name", "DELETE FROM t"));
    EXPECT_EQ(db_->run("name", "DELETE FROM t WHERE k = 'a'").error().code, errc::invalid_input);
}

TEST_P(engines, rows_are_numbered_in_their_order) {
    const auto insert = [&](std::string key) {
        ASSERT_TRUE(db_->transaction([&]() -> result<void> {
            auto done = db_->run("number", "INSERT INTO numbered(k) VALUES(?1)", {std::move(key)});
            EXPECT_GT(db_->last_inserted(), 0);
            return done;
        }));
    };
    insert("z");
    const auto first = number(*db_, "SELECT max(sequence) FROM numbered");
    insert("a");
    EXPECT_EQ(number(*db_, "SELECT sequence FROM numbered WHERE k = 'z'"), first);
    EXPECT_GT(number(*db_, "SELECT sequence FROM numbered WHERE k = 'a'"), first);
}

TEST_P(engines, what_exists_is_ignored_or_replaced) {
    const auto put_one = [&](const char* name, const char* sql, std::int64_t n) {
        const auto done = db_->run(name, sql, {std::string("a"), n});
        EXPECT_TRUE(done) << done.error().message();
        return db_->changes();
    };
    EXPECT_EQ(put_one("ignore", "INSERT OR IGNORE INTO t(k, n) VALUES(?1, ?2)", 1), 1);
    EXPECT_EQ(put_one("ignore", "INSERT OR IGNORE INTO t(k, n) VALUES(?1, ?2)", 2), 0);
    EXPECT_EQ(number(*db_, "SELECT n FROM t"), 1);
    EXPECT_EQ(put_one("replace", "INSERT OR REPLACE INTO t(k, n) VALUES(?1, ?2)", 3), 1);
    EXPECT_EQ(number(*db_, "SELECT n FROM t"), 3);
}

TEST_P(engines, a_condition_may_be_left_out_by_a_null) {
    ASSERT_TRUE(put(*db_, "a"));
    ASSERT_TRUE(put(*db_, "b"));
    const auto count = [&](value key, value n) {
        std::int64_t found = -1;
        const auto read =
            db_->query("count",
                       "SELECT count(*) FROM t WHERE (?1 IS NULL OR k = ?1)"
                       " AND (?2 IS NULL OR n = ?2)",
                       {std::move(key), std::move(n)}, [&](const row& r) { found = r.integer(0); });
        EXPECT_TRUE(read) << read.error().message();
        return found;
    };
    EXPECT_EQ(count(std::monostate{}, std::monostate{}), 2);
    EXPECT_EQ(count("a", std::monostate{}), 1);
    EXPECT_EQ(count("a", std::int64_t{7}), 1);
    EXPECT_EQ(count(std::monostate{}, std::int64_t{8}), 0);
}

TEST_P(engines, the_functions_that_statements_use_say_the_same) {
    const auto text = [&](const std::string& sql) {
        std::string found;
        const auto read = db_->query(sql, sql, {}, [&](const row& r) { found = r.text(0); });
        EXPECT_TRUE(read) << read.error().message();
        return found;
    };
    ASSERT_TRUE(db_->run("one", "INSERT INTO t(k, n) VALUES('{\"a\":\"x\",\"b\":\"%s\"}', 5)"));
    EXPECT_EQ(text("SELECT printf('%05d', n) FROM t"), "00005");
    EXPECT_EQ(text("SELECT printf('%02d', n * 1000) FROM t"), "5000");
    EXPECT_EQ(text("SELECT printf('%03d:%s', n, k) FROM t"), "005:{\"a\":\"x\",\"b\":\"%s\"}");
    EXPECT_EQ(text("SELECT printf('%s!%03d', k, n) FROM t"), "{\"a\":\"x\",\"b\":\"%s\"}!005");
    EXPECT_EQ(text("SELECT printf('%03d/%02d', n, n) FROM t"), "005/05");
    EXPECT_EQ(text("SELECT json_extract(k, '$.a') FROM t"), "x");
    EXPECT_EQ(text("SELECT json_extract(k, '$.none') FROM t"), "");
    EXPECT_EQ(text("SELECT substr(hex(cast(k AS BLOB)), 1, 4) FROM t"), "7B22");
    EXPECT_THAT(text("SELECT hex(randomblob(16)) FROM t"), testing::MatchesRegex("[0-9A-F]{32}"));
    EXPECT_NE(text("SELECT hex(randomblob(8)) FROM t"), text("SELECT hex(randomblob(8)) FROM t"));
    EXPECT_EQ(text("SELECT a.value FROM t, json_each(k) AS a WHERE a.key = 'b'"), "%s");
    EXPECT_EQ(text("SELECT min(n, 3) || '-' || max(n, 3) FROM t"), "3-5");
    EXPECT_EQ(text("SELECT length(cast(k AS BLOB)) FROM t"), "18");
    EXPECT_EQ(text("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 't'"), "1");
}

TEST_P(engines, each_migration_is_applied_once) {
    auto more = tables;
    more.emplace_back(
        "ALTER TABLE t ADD COLUMN w TEXT DEFAULT 'w'; INSERT INTO t(k) VALUES('new')");
    ASSERT_TRUE(put(*db_, "old"));
    for (int start = 0; start < 2; ++start) {
        auto db = connection::open(place_);
        ASSERT_TRUE(db);
        ASSERT_TRUE((*db)->migrate(more));
        EXPECT_THAT(keys(**db), ElementsAre("new", "old"));
    }
    const auto older = db_->migrate(tables);
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().code, errc::unsupported);
    EXPECT_THAT(older.error().message(), HasSubstr("knows up to 1"));
}

TEST_P(engines, a_migration_that_fails_leaves_the_schema_as_it_was) {
    auto more = tables;
    more.emplace_back("CREATE TABLE u(x TEXT); CREATE TABLE t(x TEXT)");
    const auto failed = db_->migrate(more);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message(), HasSubstr("migration 2"));
    EXPECT_FALSE(db_->run("u", "SELECT * FROM u"));
    EXPECT_TRUE(put(*db_, "a"));
}

// Each reads a number and writes one more, as operations do; of two processes too.
TEST_P(engines, nothing_is_lost_between_those_who_read_and_write_at_once) {
    ASSERT_TRUE(db_->run("zero", "INSERT INTO t(k, n) VALUES('count', 0)"));
    const auto other = open();
    constexpr int each = 25;
    std::vector<std::thread> threads;
    std::atomic<int> failures = 0;
    for (auto* const db : {db_.get(), db_.get(), other.get(), other.get()}) {
        threads.emplace_back([&failures, db] {
            for (int i = 0; i < each; ++i) {
                const auto done = db->transaction([&]() -> result<void> {
                    std::int64_t now = 0;
                    auto read = db->query("now", "SELECT n FROM t WHERE k = 'count'", {},
                                          [&](const row& r) { now = r.integer(0); });
                    return read
                               ? db->run("next", "UPDATE t SET n = ?1 WHERE k = 'count'", {now + 1})
                               : read;
                });
                failures += done ? 0 : 1;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(number(*db_, "SELECT n FROM t WHERE k = 'count'"), 4 * each);
}

// --- PostgreSQL alone ----------------------------------------------------------------------------

class postgres : public engines {};
INSTANTIATE_TEST_SUITE_P(store, postgres, ::testing::Values("postgresql"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(postgres, a_server_that_was_restarted_is_found_again_without_an_error) {
    ASSERT_TRUE(put(*db_, "before"));
    server_->stop();
    ASSERT_TRUE(server_->start());
    EXPECT_THAT(keys(*db_), ElementsAre("before"));
    server_->stop();
    ASSERT_TRUE(server_->start());
    EXPECT_TRUE(put(*db_, "written"));
    EXPECT_THAT(keys(*db_), ElementsAre("before", "written"));
}

TEST_P(postgres, without_a_server_all_fails_at_once_and_goes_on_with_it) {
    server_->stop();
    const auto written = put(*db_, "a");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, errc::unavailable);
    EXPECT_EQ(db_->query("one", "SELECT 1", {}, nullptr).error().code, errc::unavailable);
    ASSERT_TRUE(server_->start());
    while (!put(*db_, "b")) {  // for a moment it is not asked again
        std::this_thread::yield();
    }
    EXPECT_THAT(keys(*db_), ElementsAre("b"));
}

// A link beside the store's connection, which has other sessions and none of its turns.
TEST_P(postgres, bytes_come_and_go_beside_a_transaction) {
    const auto opened = byte_link::open(place_);
    ASSERT_TRUE(opened) << opened.error().message();
    auto& link = **opened;
    const std::string bytes("\0\xff\\x41\0z", 8);
    ASSERT_TRUE(db_->transaction([&]() -> result<void> {
        EXPECT_TRUE(link.run("put", "INSERT INTO t(k, v, n) VALUES('a', ?1, ?2)",
                             {blob{bytes}, std::int64_t{1} << 40}));
        return {};
    }));
    EXPECT_EQ(link.bytes("v", "SELECT v FROM t WHERE k = ?1", {"a"}).value(), bytes);
    EXPECT_EQ(link.bytes("v", "SELECT v FROM t WHERE k = ?1", {"b"}).value(), std::nullopt);
    const auto rows = link.run("all", "SELECT n, n > ?1, v IS NULL FROM t", {std::int64_t{1}});
    ASSERT_TRUE(rows) << rows.error().message();
    EXPECT_THAT(*rows, ElementsAre(ElementsAre(std::int64_t{1} << 40, 1, 0)));
    EXPECT_EQ(link.run("put", "INSERT INTO t(k, v, n) VALUES('a', ?1, ?2)",
                       {blob{bytes}, std::int64_t{1}})
                  .error()
                  .code,
              errc::conflict);
    server_->stop();
    ASSERT_TRUE(server_->start());
    EXPECT_TRUE(link.run("one", "SELECT 1"));  // it reads: asked again on a new link
    server_->stop();
    EXPECT_EQ(link.run("one", "SELECT 1").error().code, errc::unavailable);
    ASSERT_TRUE(server_->start());
    while (!link.run("one", "SELECT 1")) {  // for a moment it is not asked again
        std::this_thread::yield();
    }
    EXPECT_EQ(link.bytes("v", "SELECT v FROM t WHERE k = ?1", {"a"}).value(), bytes);
}

TEST_P(postgres, a_transaction_that_loses_its_server_writes_nothing) {
    const auto lost = db_->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db_, "a"));
        server_->stop();
        EXPECT_TRUE(server_->start());
        EXPECT_EQ(put(*db_, "b").error().code, errc::unavailable);
        EXPECT_EQ(put(*db_, "c").error().code, errc::unavailable);
        return {};  // whoever overlooks it is told
    });
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, errc::unavailable);
    EXPECT_TRUE(put(*db_, "d"));
    EXPECT_THAT(keys(*db_), ElementsAre("d"));
}

TEST_P(postgres, a_failed_statement_that_is_overlooked_undoes_its_transaction) {
    ASSERT_TRUE(put(*db_, "a"));
    EXPECT_FALSE(db_->transaction([&]() -> result<void> {
        EXPECT_TRUE(put(*db_, "b"));
        EXPECT_FALSE(put(*db_, "a"));
        return {};
    }));
    EXPECT_THAT(keys(*db_), ElementsAre("a"));
}

// As with a file: who is told of a change inside of its transaction, looks, and waits for it.
TEST_P(engines, who_reads_meanwhile_sees_what_is_committed) {
    std::thread reader;
    ASSERT_TRUE(db_->transaction([&] {
        auto done = put(*db_, "a");
        reader = std::thread([&] { EXPECT_THAT(keys(*db_), ElementsAre("a")); });
        return done;
    }));
    reader.join();
}

TEST_P(postgres, a_text_with_a_zero_in_it_is_refused) {
    const auto put_zero = put(*db_, std::string("a\0b", 3));
    ASSERT_FALSE(put_zero);
    EXPECT_EQ(put_zero.error().code, errc::invalid_input);
    EXPECT_THAT(put_zero.error().message(), HasSubstr("U+0000"));
    EXPECT_TRUE(put(*db_, "b"));
}

TEST_P(postgres, a_database_with_another_order_of_texts_is_refused) {
    const auto opened = connection::open(server_->new_database(
        "TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::unsupported);
    EXPECT_THAT(opened.error().message(), HasSubstr("CREATE DATABASE"));
}

TEST_P(postgres, no_error_shows_a_password) {
    const std::string url = "postgresql://someone:hidden@/none?host=" + directory_ + "/nowhere";
    const auto opened = connection::open(url);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::unavailable);
    EXPECT_THAT(opened.error().message(), Not(HasSubstr("hidden")));
    EXPECT_THAT(shown_postgres("postgresql://a:hidden@host:5433/name?password=hidden"),
                "postgresql://host:5433/name");
}

TEST_P(postgres, it_says_how_it_is_backed_up) {
    const auto refused = db_->back_up("/tmp/none");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("pg_dump"));
}

TEST_P(postgres, one_at_a_time_has_the_right_to_serve) {
    auto first = serving_claim::take(place_, claim_kind::alone, [] {});
    ASSERT_TRUE(first) << first.error().message();
    const auto second = serving_claim::take(place_, claim_kind::alone, [] {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::conflict);
    first->reset();
    EXPECT_TRUE(serving_claim::take(place_, claim_kind::alone, [] {}));
}

TEST_P(postgres, several_have_it_with_others_and_nobody_alone_and_one_of_them_leads) {
    const auto take = [&](claim_kind what) { return serving_claim::take(place_, what, [] {}); };
    auto first = take(claim_kind::with_others);
    auto second = take(claim_kind::with_others);
    ASSERT_TRUE(first && second);
    auto leads = take(claim_kind::lead);
    ASSERT_TRUE(leads);
    EXPECT_EQ(take(claim_kind::lead).error().code, errc::conflict);
    EXPECT_EQ(take(claim_kind::alone).error().code, errc::conflict);
    leads->reset();
    EXPECT_TRUE(take(claim_kind::lead));
    first->reset();
    EXPECT_EQ(take(claim_kind::alone).error().code, errc::conflict);
    second->reset();
    const auto alone = take(claim_kind::alone);
    EXPECT_TRUE(alone);
    EXPECT_EQ(take(claim_kind::with_others).error().code, errc::conflict);
}

TEST_P(postgres, those_that_serve_together_have_one_version) {
    const auto take = [&](std::size_t version) {
        return serving_claim::take(
            place_, claim_kind::with_others, [] {}, version);
    };
    auto first = take(2);
    auto second = take(2);
    ASSERT_TRUE(first && second);
    for (const std::size_t other : {1, 3}) {
        const auto refused = take(other);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::unsupported);
        EXPECT_THAT(refused.error().context, HasSubstr("stop all services"));
    }
    first->reset();
    EXPECT_FALSE(take(3));
    second->reset();
    EXPECT_TRUE(take(3));
}

TEST_P(postgres, a_schema_is_not_changed_under_one_of_an_earlier_version_that_serves) {
    auto more = tables;
    more.emplace_back("CREATE TABLE u(x TEXT)");
    const auto migrate = [&] { return connection::open(place_).value()->migrate(more); };
    auto serves = serving_claim::take(
        place_, claim_kind::with_others, [] {}, tables.size());
    ASSERT_TRUE(serves);
    const auto refused = migrate();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::conflict);
    EXPECT_THAT(refused.error().context, HasSubstr("stop all services"));
    EXPECT_TRUE(open()) << "who knows what that one knows changes nothing";
    EXPECT_FALSE(db_->run("u", "INSERT INTO u(x) VALUES('y')"));
    // Those that come together bring it up to date, whoever is first.
    serves->reset();
    const auto one = serving_claim::take(
        place_, claim_kind::with_others, [] {}, more.size());
    const auto two = serving_claim::take(
        place_, claim_kind::with_others, [] {}, more.size());
    ASSERT_TRUE(one && two);
    const auto done = migrate();
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_TRUE(migrate());
}

TEST_P(postgres, who_lost_the_right_to_serve_is_told) {
    std::mutex mutex;
    std::condition_variable changed;
    bool lost = false;
    const auto first = serving_claim::take(place_, claim_kind::alone, [&] {
        const std::lock_guard hold(mutex);
        lost = true;
        changed.notify_all();
    });
    ASSERT_TRUE(first);
    // The server takes it for gone, and the next has it before the first looks.
    auto second = serving_claim::take(place_, claim_kind::alone, [] {});
    while (!second) {
        server_->execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'");
        second = serving_claim::take(place_, claim_kind::alone, [] {});
    }
    std::unique_lock hold(mutex);
    changed.wait(hold, [&] { return lost; });
}

TEST_P(engines, what_is_read_at_once_is_one_state_and_the_newest_where_it_can_be_had) {
    ASSERT_TRUE(put(*db_, "a"));
    if (std::string(GetParam()) != "sqlite") {
        EXPECT_FALSE(db_->can_read_at_once());
        EXPECT_FALSE(db_->try_reading()) << "a server may take its time";
        return;
    }
    EXPECT_TRUE(db_->can_read_at_once());
    const auto another = open();
    {
        const auto reading = db_->try_reading();
        ASSERT_TRUE(reading);
        EXPECT_THAT(keys(*db_), ElementsAre("a"));
        ASSERT_TRUE(put(*another, "b")) << "who reads keeps nobody from writing";
        EXPECT_THAT(keys(*db_), ElementsAre("a"));
        EXPECT_FALSE(db_->transaction([&] { return put(*db_, "c"); })) << "it is for reading";
    }
    {
        const auto reading = db_->try_reading();
        EXPECT_THAT(keys(*db_), ElementsAre("a", "b"));
    }
    ASSERT_TRUE(db_->transaction([&] { return put(*db_, "d"); }));
    EXPECT_THAT(keys(*db_), ElementsAre("a", "b", "d"));
}

TEST_P(engines, a_mark_stays_while_the_rows_do_and_no_longer) {
    if (std::string(GetParam()) != "sqlite") {
        return;  // nothing is read at once
    }
    const auto mark = [&] { return mark_of(*db_, *db_->try_reading()); };
    ASSERT_TRUE(put(*db_, "a"));
    auto last = mark();
    ASSERT_TRUE(last);
    EXPECT_EQ(mark(), last);
    EXPECT_THAT(keys(*db_), ElementsAre("a"));
    EXPECT_EQ(mark(), last) << "reading is no change";
    const auto changed = [&] {
        const auto before = std::exchange(last, mark());
        return last && last != before;
    };
    EXPECT_FALSE(changed());
    ASSERT_TRUE(put(*db_, "b"));
    EXPECT_TRUE(changed());
    ASSERT_TRUE(db_->transaction([&] { return put(*db_, "c"); }));
    EXPECT_TRUE(changed());
    ASSERT_TRUE(db_->run("update", "UPDATE t SET v = 1 WHERE k = 'a'"));
    EXPECT_TRUE(changed());
    ASSERT_TRUE(db_->run("delete", "DELETE FROM t WHERE k = 'a'"));
    EXPECT_TRUE(changed());
    ASSERT_TRUE(db_->run("empty", "DELETE FROM t"));
    EXPECT_TRUE(changed()) << "SQLite has a shorter way for that";

    const auto another = open();
    {
        const auto reading = db_->try_reading();
        EXPECT_EQ(mark_of(*db_, *reading), last);
        ASSERT_TRUE(put(*another, "d"));
        EXPECT_EQ(mark_of(*db_, *reading), last) << "what is read is one state";
    }
    EXPECT_TRUE(changed()) << "another connection has written";
    ASSERT_TRUE(another->transaction([&] {
        EXPECT_TRUE(put(*another, "e"));
        EXPECT_FALSE(changed()) << "it is not committed";
        return another->run("delete", "DELETE FROM t WHERE k = 'd'");
    }));
    EXPECT_TRUE(changed());
}

TEST_P(engines, nothing_is_read_at_once_while_another_has_the_lock) {
    const auto another_reads = [&] {
        bool reads = false;
        std::thread other([&] { reads = db_->try_reading().has_value(); });
        other.join();
        return reads;
    };
    EXPECT_EQ(another_reads(), db_->can_read_at_once());
    {
        const auto hold = db_->lock();
        EXPECT_FALSE(another_reads());
    }
    ASSERT_TRUE(db_->transaction([&]() -> result<void> {
        EXPECT_FALSE(another_reads());
        EXPECT_FALSE(db_->try_reading()) << "a transaction reads by itself";
        return put(*db_, "a");
    }));
    EXPECT_EQ(another_reads(), db_->can_read_at_once());
}

}  // namespace
}  // namespace evergrass::db
