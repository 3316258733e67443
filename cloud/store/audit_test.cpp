#include "cloud/store/audit.hpp"

#include "cloud/store/store.hpp"
#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdlib.h>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;

class audit : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-audit-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        state_ = store::open(directory_ + "/service.db").value();
    }
    void TearDown() override {
        state_.reset();
        std::filesystem::remove_all(directory_);
    }

    audit_entry entry(std::string id, std::string actor = "AKIA1") const {
        return {now_, std::move(actor), "127.0.0.1:5", std::move(id), "iot:CreateThing", "t"};
    }
    result<void> write_something() {
        return state_->db().transaction([&]() -> result<void> {
            return state_->db().run("tag", "INSERT OR REPLACE INTO tags VALUES('a', 'k', 'v')");
        });
    }
    std::string shown(const audit_question& asked = {}) const {
        std::string all;
        const auto entries = state_->audit().list(asked);
        for (const auto& each : entries.value()) {
            all += each.request_id + " " + std::to_string(each.status) + " " + each.code + ";";
        }
        return all;
    }
    std::size_t tags() const {
        std::size_t count = 0;
        EXPECT_TRUE(
            state_->db().query("tags", "SELECT 1 FROM tags", {}, [&](const db::row&) { ++count; }));
        return count;
    }

    std::string directory_;
    std::unique_ptr<store> state_;
    wall_time now_ = *parse_basic_iso8601("20261123T193000Z");
};

TEST_F(audit, an_entry_is_committed_with_its_change) {
    audit_trail::change change(state_->audit(), entry("r1"));
    ASSERT_TRUE(write_something());
    EXPECT_EQ(shown(), "r1 200 ;") << "before the change ends";
    ASSERT_TRUE(write_something());
    ASSERT_TRUE(change.end(200, ""));
    EXPECT_EQ(shown(), "r1 200 ;") << "once";
}

TEST_F(audit, a_change_that_cannot_be_recorded_is_not_made) {
    audit_trail::change change(state_->audit(), entry("r1"));
    ASSERT_TRUE(state_->db().run("break", "ALTER TABLE audit RENAME TO gone"));
    EXPECT_FALSE(write_something());
    EXPECT_EQ(tags(), 0u);
    ASSERT_TRUE(state_->db().run("mend", "ALTER TABLE gone RENAME TO audit"));
}

TEST_F(audit, a_refused_change_is_recorded_as_such) {
    audit_trail::change change(state_->audit(), entry("r1"));
    ASSERT_FALSE(state_->db().transaction([]() -> result<void> {
        return error{errc::conflict, "no"};
    }));
    EXPECT_EQ(shown(), "");
    ASSERT_TRUE(change.end(409, "ResourceAlreadyExistsException"));
    EXPECT_EQ(shown(), "r1 409 ResourceAlreadyExistsException;");
}

TEST_F(audit, a_failure_after_the_first_transaction_corrects_the_entry) {
    audit_trail::change change(state_->audit(), entry("r1"));
    ASSERT_TRUE(write_something());
    ASSERT_TRUE(change.end(500, "InternalFailure"));
    EXPECT_EQ(shown(), "r1 500 InternalFailure;");
}

TEST_F(audit, other_threads_and_later_transactions_are_not_part_of_it) {
    {
        audit_trail::change change(state_->audit(), entry("r1"));
        std::thread other([&] { EXPECT_TRUE(write_something()); });
        other.join();
        EXPECT_EQ(shown(), "");
    }
    ASSERT_TRUE(write_something());
    EXPECT_EQ(shown(), "");
}

TEST_F(audit, is_asked_by_time_and_actor_and_page_by_page) {
    for (int i = 0; i < 5; ++i) {
        now_ += 1h;
        audit_trail::change change(state_->audit(),
                                   entry("r" + std::to_string(i), i % 2 == 0 ? "A" : "B"));
        ASSERT_TRUE(change.end(200, ""));
    }
    EXPECT_EQ(shown({.by = "B"}), "r1 200 ;r3 200 ;");
    EXPECT_EQ(shown({.since = now_ - 1h}), "r3 200 ;r4 200 ;");
    EXPECT_EQ(shown({.most = 2}), "r0 200 ;r1 200 ;");
    EXPECT_EQ(shown({.after = 2, .most = 2}), "r2 200 ;r3 200 ;");
}

TEST_F(audit, what_is_too_old_or_too_much_is_removed) {
    state_->audit().set_limits({.longest = 24h, .most_entries = 100});
    const auto add = [&](int count) {
        for (int i = 0; i < count; ++i) {
            audit_trail::change change(state_->audit(), entry("r"));
            ASSERT_TRUE(change.end(200, ""));
        }
    };
    add(128);
    EXPECT_EQ(state_->audit().list({}).value().size(), 100u);
    now_ += 25h;
    add(128);
    const auto left = state_->audit().list({}).value();
    EXPECT_EQ(left.size(), 100u);
    EXPECT_EQ(left.front().at, now_);
}

}  // namespace
}  // namespace evergrass::cloud
