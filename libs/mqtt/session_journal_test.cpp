#include "libs/mqtt/session_journal.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"
#include "libs/mqtt/test_journal_state.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace evergrass::mqtt {
namespace {

using log_store::log_errc;
using log_store::testing::crashing_file_system;
using log_store::testing::fault;
using namespace std::chrono_literals;
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
        told_ = 0;
        journal_->on_durable(
            [this, before = session_journal::sequence{0}](session_journal::sequence s) mutable {
                const std::lock_guard lock(mutex_);
                EXPECT_GT(s, std::exchange(before, s));
                told_ = std::max(told_, s);
                changed_.notify_all();
            });
        const std::lock_guard lock(mutex_);
        told_ = std::max(told_, journal_->durable());  // before there was anybody to tell
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

TEST_F(session_journal_test, what_on_durable_told_survives_a_power_cut_at_once) {
    wait_for(journal_->session_begun("c", v3, never));
    const auto number = give("c", 1, "payload");
    wait_for(number);
    EXPECT_GE(journal_->durable(), number);
    disk_.cut_power_at(disk_.operations() + 1);
    journal_.reset();
    disk_.restart();
    reopen();
    EXPECT_THAT(only_session().deliveries, SizeIs(1));
}

TEST_F(session_journal_test, a_session_that_begins_is_empty_in_place_of_the_one_before) {
    journal_->session_begun("c", v3, never);
    journal_->subscribed("c", {"a", {}, 0});
    give("c", 1, "old");
    journal_->session_begun("c", v5, 60);
    journal_->finished("c", 1);  // is not there
    restart();
    EXPECT_EQ(kept(), "session c v5 expires 60\n");
}

TEST_F(session_journal_test, one_that_was_connected_when_the_process_ended_has_no_left_at) {
    journal_->session_begun("c", v5, 60);
    journal_->session_left("c", 60, time_.now(), {});
    journal_->session_resumed("c", v3, never);
    time_.turn_by(1'000'000s);
    restart();
    EXPECT_EQ(kept(), "session c v4 expires 4294967295\n");
}

TEST_F(session_journal_test, one_that_was_connected_expires_from_the_next_start_on) {
    journal_->session_begun("c", v5, 60);
    time_.turn_by(1'000s);
    restart();
    const auto started = time_.now();
    EXPECT_FALSE(only_session().left_at);
    time_.turn_by(59s);
    restart();
    EXPECT_EQ(only_session().left_at, started);
    time_.turn_by(1s);
    restart();
    EXPECT_THAT(journal_->take_sessions(), IsEmpty());
}

TEST_F(session_journal_test, a_client_that_is_back_takes_its_will_back) {
    const session_journal::will will{a_message("w", "will"), time_.now() + 60s};
    for (const std::string client : {"back", "done", "waits"}) {
        journal_->session_begun(client, v5, never);
        journal_->session_left(client, never, time_.now(), will);
    }
    journal_->session_resumed("back", v5, never);
    journal_->will_done("done");
    restart();
    const auto all = journal_->take_sessions();
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_FALSE(all[0].delayed_will);
    EXPECT_FALSE(all[1].delayed_will);
    ASSERT_TRUE(all[2].delayed_will);
    EXPECT_EQ(*all[2].delayed_will->message->payload, "will");
    EXPECT_EQ(all[2].delayed_will->due, will.due);
}

TEST_F(session_journal_test, a_session_that_ended_takes_all_with_it) {
    journal_->session_begun("c", v3, never);
    journal_->subscribed("c", {"a", {}, 0});
    give("c", 1, "payload");
    journal_->session_ended("c");
    EXPECT_EQ(journal_->numbers().live_bytes, 0u);
    restart();
    EXPECT_EQ(kept(), "");
}

TEST_F(session_journal_test, what_is_said_of_unknown_clients_is_passed_over) {
    const auto before = journal_->session_begun("c", v3, never);
    EXPECT_EQ(journal_->session_left("x", 1, time_.now(), {}), before);
    EXPECT_EQ(journal_->will_done("x"), before);
    EXPECT_EQ(journal_->session_ended("x"), before);
    EXPECT_EQ(journal_->subscribed("x", {"a", {}, 0}), before);
    EXPECT_EQ(journal_->unsubscribed("c", "never subscribed"), before);
    EXPECT_EQ(journal_->sent("c", 9), before);
    EXPECT_EQ(journal_->pubrec_came("x", 9), before);
    EXPECT_EQ(journal_->finished("c", 9), before);
    EXPECT_EQ(journal_->released("c", 9), before);
    EXPECT_EQ(journal_->retained_cleared("x", "y"), before);
    EXPECT_EQ(give("x", 1, "to nobody"), before);
    restart();
    EXPECT_EQ(kept(), "session c v4 expires 4294967295\n");
}

TEST_F(session_journal_test, a_message_for_many_is_written_and_kept_once) {
    std::vector<session_journal::delivery> to;
    for (int i = 0; i < 200; ++i) {
        journal_->session_begun("c" + std::to_string(i), v3, never);
        to.push_back(a_delivery("c" + std::to_string(i), 1));
    }
    const auto before = journal_->numbers().log_bytes;
    wait_for(journal_->message(a_message("t", std::string(10'000, 'x')), to, {}).value());
    EXPECT_LT(journal_->numbers().log_bytes - before, 13'000u);
    for (int i = 0; i < 199; ++i) {
        journal_->finished("c" + std::to_string(i), 1);
    }
    restart();
    const auto all = journal_->take_sessions();
    ASSERT_THAT(all, SizeIs(200));
    std::size_t waiting = 0;
    for (const auto& s : all) {
        waiting += s.deliveries.size();
    }
    EXPECT_EQ(waiting, 1u);
    EXPECT_GT(journal_->numbers().live_bytes, 10'000u);
    journal_->finished("c199", 1);
    EXPECT_LT(journal_->numbers().live_bytes, 10'000u);  // the last one frees it
}

TEST_F(session_journal_test, sessions_that_share_a_message_share_its_memory_after_a_restart) {
    journal_->session_begun("a", v3, never);
    journal_->session_begun("b", v3, never);
    const std::vector to{a_delivery("a", 1), a_delivery("b", 1)};
    ASSERT_TRUE(journal_->message(a_message("t", "x"), to, {}));
    restart();
    const auto all = journal_->take_sessions();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].deliveries.at(0).message, all[1].deliveries.at(0).message);
}

TEST_F(session_journal_test, retained_messages_are_kept_by_source_and_topic) {
    const auto of = [](std::string source, std::string payload) {
        auto made = std::make_shared<stored_message>(*a_message("t", std::move(payload)));
        made->source = std::move(source);
        made->retain = true;
        made->properties = "properties";
        return made;
    };
    ASSERT_TRUE(journal_->retained(of("a", "1")));
    ASSERT_TRUE(journal_->retained(of("b", "2")));
    ASSERT_TRUE(journal_->retained(of("a", "3")));
    ASSERT_TRUE(journal_->retained(of("c", "4")));
    journal_->retained_cleared("c", "t");
    journal_->retained_cleared("b", "another");
    restart();
    EXPECT_EQ(kept(),
              "retained t|3|properties|a|1r\n"
              "retained t|2|properties|b|1r\n");
    EXPECT_THAT(journal_->take_retained(), IsEmpty());  // once
}

// --- Time ----------------------------------------------------------------------------------------

TEST_F(session_journal_test, a_session_is_forgotten_when_its_time_is_over) {
    for (const auto& [client, expiry] : std::vector<std::pair<std::string, std::uint32_t>>{
             {"60", 60}, {"61", 61}, {"ever", never}}) {
        journal_->session_begun(client, v5, expiry);
        journal_->session_left(client, expiry, time_.now(), {});
    }
    time_.turn_by(60s);
    restart();
    const auto all = journal_->take_sessions();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].client_id, "61");
    EXPECT_EQ(all[1].client_id, "ever");
    time_.turn_by(-60s);
    restart();
    EXPECT_THAT(journal_->take_sessions(), SizeIs(2));  // what was forgotten stays so
}

TEST_F(session_journal_test, an_expired_message_is_dropped_unless_its_sending_has_begun) {
    journal_->session_begun("c", v5, never);
    const auto message = a_message("t", "x", time_.now() + 60s);
    const std::vector to{a_delivery("c", 1), a_delivery("c", 2)};
    ASSERT_TRUE(journal_->message(message, to, {}));
    journal_->sent("c", 2);
    ASSERT_TRUE(journal_->retained(message));
    time_.turn_by(59s);
    restart();
    EXPECT_THAT(journal_->take_sessions().at(0).deliveries, SizeIs(2));
    EXPECT_EQ(*journal_->take_retained().at(0)->expires_at, *message->expires_at);
    time_.turn_by(1s);
    restart();
    const auto session = only_session();
    ASSERT_THAT(session.deliveries, SizeIs(1));
    EXPECT_EQ(session.deliveries[0].order, 2u);
    EXPECT_THAT(journal_->take_retained(), IsEmpty());
}

TEST_F(session_journal_test, a_clock_that_went_back_keeps_nothing_longer_than_it_would_have_had) {
    const auto left = time_.now();
    journal_->session_begun("c", v5, 3600);
    journal_->session_left("c", 3600, left, session_journal::will{a_message("w", ""), left + 30s});
    ASSERT_TRUE(journal_->retained(a_message("t", "x", left + 600s)));
    time_.turn_to(left - 100'000'000s);
    restart();
    const auto now = time_.now();
    const auto session = only_session();
    EXPECT_EQ(session.left_at, now);
    EXPECT_EQ(session.delayed_will->due, now + 30s);
    EXPECT_EQ(*journal_->take_retained().at(0)->expires_at, now + 600s);
    time_.turn_by(600s);
    restart();
    EXPECT_EQ(only_session().left_at, now);  // it counts on from then
    EXPECT_THAT(journal_->take_retained(), IsEmpty());
    time_.turn_by(3000s);
    restart();
    EXPECT_THAT(journal_->take_sessions(), IsEmpty());
}

TEST_F(session_journal_test, what_was_left_before_the_clock_was_set_does_not_expire_when_it_is) {
    const auto now = time_.now();
    time_.turn_to(wall_time(1000s));  // 1970: a machine without a clock of its own
    journal_->session_begun("c", v5, 3600);
    journal_->session_left("c", 3600, time_.now(), {});
    ASSERT_TRUE(journal_->retained(a_message("t", "x", time_.now() + 600s)));
    time_.turn_to(now);
    restart();
    EXPECT_EQ(only_session().left_at, now);
    EXPECT_EQ(*journal_->take_retained().at(0)->expires_at, now + 600s);
}

// --- Size ----------------------------------------------------------------------------------------

TEST_F(session_journal_test, the_log_stays_small_while_messages_come_and_go) {
    reopen(1024 * 1024);
    journal_->session_begun("c", v3, never);
    session_journal::sequence last = 0;
    for (std::uint64_t order = 1; order <= 5'000; ++order) {
        give("c", order, std::string(1000, 'x'));
        last = journal_->finished("c", order);
        if (order % 50 == 0) {
            wait_for(last);
        }
    }
    EXPECT_LT(journal_->numbers().log_bytes, 512u * 1024);
    restart(1024 * 1024);
    EXPECT_THAT(only_session().deliveries, IsEmpty());
    std::size_t on_disk = 0;
    for (const auto& file : disk_.files("/sessions")) {
        on_disk += disk_.content(file).size();
    }
    EXPECT_LT(on_disk, 512u * 1024);
}

TEST_F(session_journal_test, what_is_kept_for_long_is_written_again_and_the_front_given_up) {
    reopen(1024 * 1024);
    journal_->session_begun("away", v3, never);
    journal_->subscribed("away", {"a", {}, 5});
    const std::vector to{a_delivery("away", 1)};
    ASSERT_TRUE(
        journal_->message(a_message("t", "waits"), to, session_journal::received_id{"away", 3}));
    ASSERT_TRUE(journal_->message(a_message("t", "done"), std::vector{a_delivery("away", 2)}, {}));
    journal_->pubrec_came("away", 2);
    ASSERT_TRUE(journal_->retained(a_message("r", "retained")));
    journal_->session_begun("c", v3, never);
    session_journal::sequence last = 0;
    for (std::uint64_t order = 1; order <= 3'000; ++order) {
        give("c", order, std::string(1000, 'x'));
        last = journal_->finished("c", order);
        if (order % 50 == 0) {
            wait_for(last);
        }
    }
    const auto numbers = journal_->numbers();
    EXPECT_LT(numbers.log_bytes, 512u * 1024);
    EXPECT_GT(numbers.rewritten, 5u);
    EXPECT_LT(numbers.rewritten, 1000u);  // and not over and over
    restart(1024 * 1024);
    EXPECT_EQ(kept(),
              "session away v4 expires 4294967295\n"
              "  a 00 id 5\n"
              "  delivery 1 packet 1 1 state 0 ids t|waits||publisher|1\n"
              "  delivery 2 packet 1 1 state 2 ids -\n"
              "  received 3\n"
              "session c v4 expires 4294967295\n"
              "retained r|retained||publisher|1\n");
}

TEST_F(session_journal_test, a_full_log_refuses_messages_and_takes_what_makes_room) {
    reopen(1024 * 1024);
    journal_->session_begun("c", v3, never);
    std::uint64_t order = 0;
    const std::string payload(4000, 'x');
    result<session_journal::sequence> number = 0;
    while (number) {
        ++order;
        number =
            journal_->message(a_message("t", payload), std::vector{a_delivery("c", order)}, {});
        if (number) {
            wait_for(*number);
        }
    }
    EXPECT_EQ(number.error().code, log_errc::log_full);
    EXPECT_THAT(number.error().context, HasSubstr("/sessions"));
    EXPECT_EQ(journal_->retained(a_message("t", payload)).error().code, log_errc::log_full);
    EXPECT_GT(order, 100u);
    for (std::uint64_t each = 1; each < order; ++each) {
        journal_->sent("c", each);
        wait_for(each % 2 == 0 ? journal_->finished("c", each) : journal_->pubrec_came("c", each));
    }
    EXPECT_LT(journal_->numbers().log_bytes, 1024u * 1024);
    EXPECT_TRUE(journal_->retained(a_message("t", payload)));
    give("c", order, payload);
    restart(1024 * 1024);
    EXPECT_THAT(only_session().deliveries, SizeIs(order / 2 + 1));
}

// --- A disk that fails ---------------------------------------------------------------------------

TEST_F(session_journal_test, while_the_disk_fails_messages_are_refused_and_the_rest_is_held) {
    reopen(512 * 1024);  // 64 KiB may wait in memory
    journal_->session_begun("old", v3, never);
    journal_->session_begun("c", v3, never);
    give("c", 1, "first");
    wait_for(give("c", 2, "second"));
    disk_.inject_at_next("append", fault::disk_full, 1'000'000);
    give("c", 3, "waits for the disk");
    while (!journal_->numbers().failing) {
        std::this_thread::yield();
    }

    result<session_journal::sequence> number = 0;
    for (std::uint64_t order = 4; number; ++order) {
        number = journal_->message(a_message("t", std::string(9000, 'x')),
                                   std::vector{a_delivery("c", order)}, {});
    }
    EXPECT_EQ(number.error().code, log_errc::disk_full);
    const auto durable = journal_->durable();
    EXPECT_THAT(*journal_->numbers().failing, HasSubstr("/sessions"));

    session_journal::sequence held = 0;
    for (int i = 0; i < 2'000; ++i) {  // of which most come to nothing
        const auto client = "d" + std::to_string(i);
        journal_->session_begun(client, v5, 60);
        journal_->session_ended(client);
        journal_->session_left("c", 60, time_.now(), {});
        journal_->session_resumed("c", v3, never);
    }
    journal_->finished("c", 1);
    journal_->sent("c", 2);
    journal_->session_ended("old");
    journal_->session_begun("new", v5, never);
    held = journal_->subscribed("new", {"a", {}, 0});
    EXPECT_FALSE(journal_->retained(a_message("t", "refused")));
    EXPECT_EQ(journal_->durable(), durable);

    disk_.clear_faults();
    EXPECT_TRUE(journal_->stop());
    EXPECT_GE(journal_->durable(), held);
    EXPECT_FALSE(journal_->numbers().failing);
    EXPECT_LT(journal_->numbers().log_bytes, 128u * 1024);
    disk_.restart();
    reopen(512 * 1024);
    const auto all = journal_->take_sessions();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].client_id, "c");
    EXPECT_EQ(all[0].deliveries.at(0).order, 2u);
    EXPECT_EQ(all[0].deliveries.at(0).state, progress::sent);
    EXPECT_EQ(to_text(all[1]), "session new v5 expires 4294967295\n  a 00 id 0\n");
}

TEST_F(session_journal_test, stopping_with_a_disk_that_fails_says_what_failed) {
    wait_for(journal_->session_begun("c", v3, never));
    disk_.inject_at_next("append", fault::read_only, 1'000'000);
    const auto lost = journal_->session_begun("lost", v3, never);
    const auto stopped = journal_->stop();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, log_errc::read_only);
    EXPECT_LT(journal_->durable(), lost);
    disk_.clear_faults();
    disk_.restart();
    reopen();
    EXPECT_EQ(only_session().client_id, "c");
}

TEST_F(session_journal_test, after_stop_messages_are_refused_and_changes_not_saved) {
    journal_->session_begun("c", v3, never);
    ASSERT_TRUE(journal_->stop());
    EXPECT_EQ(
        journal_->message(a_message("t", "x"), std::vector{a_delivery("c", 1)}, {}).error().code,
        errc::closed);
    EXPECT_EQ(journal_->retained(a_message("t", "x")).error().code, errc::closed);
    EXPECT_GT(journal_->session_ended("c"), journal_->durable());
    disk_.restart();
    reopen();
    EXPECT_THAT(journal_->take_sessions(), SizeIs(1));
}

TEST_F(session_journal_test, a_message_that_is_too_large_for_a_log_is_refused_and_nothing_changed) {
    reopen(1024 * 1024 * 1024);
    journal_->session_begun("c", v3, never);
    const auto message = a_message("t", std::string(65 * 1024 * 1024, 'x'));
    EXPECT_EQ(journal_->message(message, std::vector{a_delivery("c", 1)}, {}).error().code,
              errc::too_large);
    restart();
    EXPECT_THAT(only_session().deliveries, IsEmpty());
}

// --- Threads -------------------------------------------------------------------------------------

TEST_F(session_journal_test, several_threads_call_at_once) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, client = "c" + std::to_string(t)] {
            journal_->session_begun(client, v3, never);
            for (std::uint64_t order = 1; order <= 300; ++order) {
                give(client, order, "payload");
                journal_->sent(client, order);
                if (order % 3 != 0) {
                    journal_->finished(client, order);
                }
                (void)journal_->numbers();
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    restart();
    const auto all = journal_->take_sessions();
    ASSERT_THAT(all, SizeIs(4));
    for (const auto& s : all) {
        EXPECT_THAT(s.deliveries, SizeIs(100));
    }
}

}  // namespace
}  // namespace evergrass::mqtt
