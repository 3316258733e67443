#include "libs/mqtt/session_journal.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"
#include "libs/mqtt/test_journal_state.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace evergrass::mqtt {
namespace {

using log_store::log_errc;
using log_store::testing::crashing_file_system;
using log_store::testing::fault;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint32_t never = 0xFFFF'FFFF;
constexpr auto v5 = protocol_version::v5;
constexpr auto v3 = protocol_version::v3_1_1;
using progress = session_journal::delivery::progress;

class session_journal_test : public ::testing::Test {
protected:
    session_journal_test() { reopen(); }

    void reopen(std::uint64_t max_bytes = 64 * 1024 * 1024) {
        journal_.reset();
        auto opened = session_journal::open(disk_, {"/sessions", max_bytes}, time_, {});
        ASSERT_TRUE(opened) << opened.error().message();
        journal_ = std::move(*opened);
        journal_->on_durable([this](session_journal::sequence s) {
            const std::lock_guard lock(mutex_);
            EXPECT_GT(s, told_);
            told_ = s;
            changed_.notify_all();
        });
        told_ = journal_->durable();
    }
    void wait_for(session_journal::sequence s) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return told_ >= s; });
    }
    // The power goes off and on.
    void restart(std::uint64_t max_bytes = 64 * 1024 * 1024) {
        EXPECT_TRUE(journal_->stop());
        disk_.restart();
        reopen(max_bytes);
    }
    std::string kept() {
        const auto sessions = journal_->take_sessions();
        return to_text(sessions, journal_->take_retained());
    }
    session_journal::kept_session only_session() {
        auto all = journal_->take_sessions();
        EXPECT_THAT(all, SizeIs(1));
        return all.empty() ? session_journal::kept_session{} : all[0];
    }
    session_journal::sequence give(std::string client, std::uint64_t order, std::string payload,
                                   qos level = qos::at_least_once) {
        const std::vector to{
            a_delivery(std::move(client), order, static_cast<std::uint16_t>(order), level)};
        return journal_->message(a_message("a/b", std::move(payload)), to, {}).value();
    }

    crashing_file_system disk_;
    turned_clock time_;
    std::mutex mutex_;
    std::condition_variable changed_;
    session_journal::sequence told_ = 0;
    std::unique_ptr<session_journal> journal_;
};

TEST_F(session_journal_test, a_new_one_keeps_nothing) {
    EXPECT_EQ(kept(), "");
}

TEST_F(session_journal_test, all_of_a_session_comes_back) {
    journal_->session_begun("c", v5, 3600);
    journal_->subscribed("c",
                         {"a/#", {qos::exactly_once, true, true, retain_handling::do_not_send}, 7});
    journal_->subscribed("c", {"$share/g/b", {}, 0});
    journal_->subscribed("c", {"gone", {}, 0});
    journal_->unsubscribed("c", "gone");
    auto with_ids = a_delivery("c", 3, 30, qos::exactly_once);
    with_ids.subscription_ids = {7, 300'000};
    with_ids.retain = true;
    ASSERT_TRUE(journal_->message(a_message("a/b", "payload"), {&with_ids, 1}, {}));
    give("c", 4, "sent");
    journal_->sent("c", 4);
    give("c", 5, "received", qos::exactly_once);
    journal_->sent("c", 5);
    journal_->pubrec_came("c", 5);
    give("c", 6, "finished");
    journal_->finished("c", 6);
    ASSERT_TRUE(journal_->message(a_message("x", ""), {}, session_journal::received_id{"c", 77}));
    ASSERT_TRUE(journal_->message(a_message("x", ""), {}, session_journal::received_id{"c", 78}));
    journal_->released("c", 77);
    const auto left = time_.now();
    wait_for(journal_->session_left("c", 7200, left,
                                    session_journal::will{a_message("will", "bye"), left + 30s}));
    restart();
    EXPECT_EQ(kept(),
              "session c v5 expires 7200 left " + ticks(left) +
                  "\n"
                  "  $share/g/b 00 id 0\n"
                  "  a/# 2nr2 id 7\n"
                  "  delivery 3 packet 30 2r state 0 ids 7 300000 a/b|payload||publisher|1\n"
                  "  delivery 4 packet 4 1 state 1 ids a/b|sent||publisher|1\n"
                  "  delivery 5 packet 5 2 state 2 ids -\n"
                  "  received 78\n"
                  "  will " +
                  ticks(left + 30s) + " will|bye||publisher|1\n");
    EXPECT_THAT(journal_->take_sessions(), IsEmpty());  // once
}

}  // namespace
}  // namespace evergrass::mqtt
