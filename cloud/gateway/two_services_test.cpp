#include "cloud/gateway/client_tokens.hpp"
#include "libs/base/random.hpp"
#include "libs/db/test_postgres.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

// Two services with one store, each with several threads.
class two_services : public ::testing::Test {
protected:
    static void SetUpTestSuite() { server_ = std::make_unique<db::test_postgres>(); }
    static void TearDownTestSuite() { server_.reset(); }

    void SetUp() override {
        if (!server_->is_there()) {
            GTEST_SKIP() << db::no_postgres;
        }
        std::string pattern = ::testing::TempDir() + "evergrass-two-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        const auto url = server_->new_database();
        for (auto& each : stores_) {
            each = store::open(url, directory_ + "/master.key").value();
        }
    }
    void TearDown() override {
        if (!directory_.empty()) {
            std::filesystem::remove_all(directory_);
        }
    }

    // `work` on four threads, two of each.
    template <class Work>
    void at_once(Work work) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] { work(*stores_[i % 2]); });
        }
        for (auto& thread : threads) {
            thread.join();
        }
    }

    std::int64_t number(const std::string& sql) {
        std::int64_t found = -1;
        EXPECT_TRUE(stores_[0]->db().query(sql, sql, {},
                                           [&](const db::row& row) { found = row.integer(0); }));
        return found;
    }

    static std::unique_ptr<db::test_postgres> server_;
    std::string directory_;
    std::unique_ptr<store> stores_[2];
};

std::unique_ptr<db::test_postgres> two_services::server_;

TEST_F(two_services, a_token_that_both_get_at_once_counts_once) {
    constexpr int tokens = 12;
    std::atomic<int> runs = 0;
    std::mutex mutex;
    std::set<std::string> answers[tokens];
    at_once([&](store& state) {
        for (int i = 0; i < tokens; ++i) {
            call from;
            from.input = {{"Name", "g"}, {"AmznClientToken", "t" + std::to_string(i)}};
            const auto answered =
                once_per_token(state, "CreateGroup", from, wall_time(std::chrono::hours(100)),
                               [&](const call&) -> api_result {
                                   ++runs;
                                   const auto id = uuid_v4();
                                   auto written = state.db().run(
                                       "test.tag", "INSERT INTO tags VALUES(?1, 'k', 'v')", {id});
                                   EXPECT_TRUE(written);
                                   return reply{{{"Id", id}}, 201};
                               });
            ASSERT_TRUE(answered);
            const std::lock_guard hold(mutex);
            answers[i].insert(string_member(answered->output, "Id").value());
        }
    });
    EXPECT_EQ(runs, tokens);
    EXPECT_EQ(number("SELECT count(*) FROM tags"), tokens);
    for (const auto& each : answers) {
        EXPECT_EQ(each.size(), 1u);
    }
}

TEST_F(two_services, each_change_has_one_entry_in_the_audit_and_they_are_in_order) {
    constexpr int changes = 10;
    std::atomic<int> made = 0;
    at_once([&](store& state) {
        for (int i = 0; i < changes; ++i) {
            const auto id = std::to_string(++made);
            audit_trail::change change(state.audit(), {wall_time(std::chrono::hours(1)), "A",
                                                       "local", id, "greengrass:CreateGroup", id});
            EXPECT_TRUE(state.db().transaction([&] {
                return state.db().run("test.tag", "INSERT INTO tags VALUES(?1, 'k', 'v')", {id});
            }));
            EXPECT_TRUE(change.end(200, ""));
        }
    });
    const auto entries = stores_[1]->audit().list({});
    ASSERT_TRUE(entries);
    std::set<std::string> targets;
    std::int64_t before = 0;
    for (const auto& each : *entries) {
        EXPECT_GT(each.sequence, before);
        before = each.sequence;
        targets.insert(each.target);
    }
    EXPECT_EQ(entries->size(), 4u * changes);
    EXPECT_EQ(targets.size(), 4u * changes);
}

}  // namespace
}  // namespace evergrass::cloud
