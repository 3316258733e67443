#include "edge/spooler/spooler.hpp"

#include "edge/spooler/test_spooled.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using testing::from_to;
using ::testing::IsEmpty;
using testing::spooled;
using loss = spooler::loss;

// Both kinds do the same for as long as the process lives.
class spooler_of : public ::testing::TestWithParam<spool_storage> {
protected:
    void open() { ASSERT_TRUE(s.open(GetParam())); }
    spooled s;
};

INSTANTIATE_TEST_SUITE_P(storage, spooler_of,
                         ::testing::Values(spool_storage::memory, spool_storage::file_system),
                         [](const auto& kind) { return std::string(to_string(kind.param)); });

TEST_P(spooler_of, is_first_in_first_out) {
    open();
    for (int n = 1; n <= 100; ++n) {
        ASSERT_TRUE(s.push(n, 10));
    }
    EXPECT_EQ(s.queue->numbers().messages, 100U);
    EXPECT_EQ(s.drain(), from_to(1, 100));
    EXPECT_EQ(s.queue->numbers().bytes, 0U);
    EXPECT_FALSE(s.queue->numbers().oldest);
    s.until([&] { return s.acknowledged.size() == 100; });
}

TEST_P(spooler_of, the_oldest_give_way_and_are_counted) {
    s.settings.max_bytes = 100;
    open();
    for (int n = 10; n < 30; ++n) {
        ASSERT_TRUE(s.push(n, 16));  // 20 bytes
    }
    EXPECT_EQ(s.queue->numbers().overwritten, 15U);
    EXPECT_EQ(s.lost_as(loss::overwritten), 15U);
    EXPECT_THAT(s.lost_topics, ::testing::Each("t"));
    EXPECT_EQ(s.queue->numbers().bytes, 100U);
    EXPECT_EQ(s.drain(), from_to(25, 29));
    s.until([&] { return s.acknowledged.size() == 20; });
}

TEST_P(spooler_of, a_message_larger_than_it_changes_nothing) {
    s.settings.max_bytes = 100;
    open();
    ASSERT_TRUE(s.push(1));
    EXPECT_FALSE(s.push(2, 99));
    EXPECT_TRUE(s.push(3, 96 - 4));
    EXPECT_EQ(s.drain(), std::vector<int>({1, 3}));
}

TEST_P(spooler_of, what_is_taken_is_off_when_it_is_done_in_any_order) {
    open();
    for (int n = 1; n <= 4; ++n) {
        ASSERT_TRUE(s.push(n));
    }
    const auto first = s.queue->next();
    const auto second = s.queue->next();
    ASSERT_TRUE(first && second);
    s.queue->done(second->number);
    EXPECT_EQ(s.queue->numbers().messages, 4U);  // behind one that is not done
    s.queue->done(first->number);
    EXPECT_EQ(s.queue->numbers().messages, 2U);
    s.queue->done(first->number);  // again: nothing
    const auto third = s.queue->next();
    s.queue->put_back();
    EXPECT_EQ(s.queue->next()->number, third->number);
    s.queue->done(third->number);
    EXPECT_EQ(s.drain(), from_to(4, 4));
}

TEST_P(spooler_of, what_is_in_flight_gives_way_too_but_is_not_counted_as_lost) {
    s.settings.max_bytes = 100;
    open();
    for (int n = 10; n < 15; ++n) {
        ASSERT_TRUE(s.push(n, 16));
    }
    const auto sent = s.queue->next();
    const auto also_sent = s.queue->next();
    ASSERT_TRUE(s.push(15, 16 + 40));  // three of 20 bytes give way
    EXPECT_EQ(s.lost_as(loss::overwritten), 1U);
    s.queue->done(sent->number);  // it arrived all the same
    s.queue->done(also_sent->number);
    EXPECT_EQ(s.drain(), from_to(13, 15));
}

TEST_P(spooler_of, a_smaller_size_overwrites_what_is_too_much) {
    open();
    for (int n = 10; n < 20; ++n) {
        ASSERT_TRUE(s.push(n, 16));
    }
    s.settings.max_bytes = 60;
    ASSERT_TRUE(s.queue->use(s.settings));
    EXPECT_EQ(s.queue->numbers().overwritten, 7U);
    EXPECT_EQ(s.drain(), from_to(17, 19));
}

TEST_P(spooler_of, nothing_is_taken_after_stop) {
    open();
    ASSERT_TRUE(s.push(1));
    s.queue->stop();
    EXPECT_FALSE(s.push(2));
    EXPECT_FALSE(s.queue->next());
    EXPECT_EQ(s.lost_as(loss::stopped), GetParam() == spool_storage::memory ? 1U : 0U);
}

struct spooler_test : ::testing::Test {
    spooled s;
};

TEST_F(spooler_test, files_give_after_a_restart_what_was_not_done_in_order) {
    ASSERT_TRUE(s.open());
    for (int n = 1; n <= 10; ++n) {
        ASSERT_TRUE(s.push(n));
    }
    s.until([&] { return s.acknowledged.size() == 10; });
    const auto sent = s.queue->next();
    s.queue->done(sent->number);
    ASSERT_TRUE(s.queue->next());  // in flight
    s.queue->stop();
    s.forget();
    ASSERT_TRUE(s.open());
    EXPECT_TRUE(s.queue->numbers().oldest);
    ASSERT_TRUE(s.push(11));
    EXPECT_EQ(s.drain(), from_to(2, 11));
    EXPECT_EQ(s.lost_as(loss::stopped), 0U);
}

TEST_F(spooler_test, a_receipt_is_let_go_when_the_message_is_on_the_disk_and_not_before) {
    ASSERT_TRUE(s.open());
    s.disk.inject_at_next("sync", log_store::testing::fault::io_error, 1'000'000);
    ASSERT_TRUE(s.push(1));
    s.until([&] { return s.queue->numbers().disk_error.has_value(); });
    EXPECT_THAT(s.acknowledged, IsEmpty());
    s.disk.clear_faults();
    s.until([&] { return !s.acknowledged.empty(); });
    s.disk.restart();  // power cut
    s.forget();
    ASSERT_TRUE(s.open());
    EXPECT_EQ(s.drain(), from_to(1, 1));
}

TEST_F(spooler_test, memory_that_is_killed_is_an_unknown_loss_and_stopped_is_none) {
    ASSERT_TRUE(s.open(spool_storage::memory));
    EXPECT_FALSE(s.queue->numbers().unknown_loss);
    ASSERT_TRUE(s.push(1));
    s.forget();
    ASSERT_TRUE(s.open(spool_storage::memory));
    EXPECT_TRUE(s.queue->numbers().unknown_loss);
    EXPECT_EQ(s.queue->numbers().messages, 0U);
    s.queue->stop();
    s.forget();
    ASSERT_TRUE(s.open());
    EXPECT_FALSE(s.queue->numbers().unknown_loss);
    s.forget();
    ASSERT_TRUE(s.open());  // files that are killed are none either
    EXPECT_FALSE(s.queue->numbers().unknown_loss);
}

TEST_F(spooler_test, from_memory_to_files_what_waits_survives) {
    ASSERT_TRUE(s.open(spool_storage::memory));
    for (int n = 1; n <= 3; ++n) {
        ASSERT_TRUE(s.push(n));
    }
    ASSERT_TRUE(s.queue->next());  // in flight
    s.settings.storage = spool_storage::file_system;
    ASSERT_TRUE(s.queue->use(s.settings));
    ASSERT_TRUE(s.push(4));
    s.queue->stop();
    s.forget();
    ASSERT_TRUE(s.open());
    EXPECT_EQ(s.drain(), from_to(1, 4));
}

TEST_F(spooler_test, from_files_to_memory_the_files_stay_until_they_are_delivered) {
    ASSERT_TRUE(s.open());
    for (int n = 1; n <= 3; ++n) {
        ASSERT_TRUE(s.push(n));
    }
    s.queue->stop();
    s.forget();
    ASSERT_TRUE(s.open(spool_storage::memory));  // the settings of another deployment
    ASSERT_TRUE(s.push(4));
    EXPECT_EQ(s.queue->numbers().unsaved, 1U);
    s.forget();  // killed
    ASSERT_TRUE(s.open(spool_storage::memory));
    ASSERT_TRUE(s.push(5));
    EXPECT_EQ(s.drain(), std::vector<int>({1, 2, 3, 5}));
    EXPECT_THAT(s.disk.files("/spool"), ElementsAre("/spool/memory"));
    ASSERT_TRUE(s.push(6));
    s.settings.storage = spool_storage::file_system;
    ASSERT_TRUE(s.queue->use(s.settings));
    ASSERT_TRUE(s.push(7));
    s.queue->stop();
    s.forget();
    ASSERT_TRUE(s.open());
    EXPECT_EQ(s.drain(), from_to(6, 7));
}

TEST_F(spooler_test, what_is_not_in_memory_is_read_when_its_turn_comes) {
    s.limits.memory_bytes = 16 * 1024;
    ASSERT_TRUE(s.open());
    for (int n = 1000; n < 2000; ++n) {
        ASSERT_TRUE(s.push(n, 95));
    }
    EXPECT_EQ(s.drain(), from_to(1000, 1999));
    EXPECT_GT(s.ready, 0);
    for (int n = 3000; n < 4000; ++n) {
        ASSERT_TRUE(s.push(n, 95));
    }
    s.queue->stop();
    s.forget();
    ASSERT_TRUE(s.open());
    std::vector<int> got;
    for (int n = 4000; n < 4500; ++n) {  // while it is read
        ASSERT_TRUE(s.push(n, 95));
        if (const auto m = s.queue->next()) {
            got.push_back(spooled::number_of(*m));
            s.queue->done(m->number);
        }
    }
    const auto rest = s.drain();
    got.insert(got.end(), rest.begin(), rest.end());
    EXPECT_EQ(got, from_to(3000, 4499));
}

TEST_F(spooler_test, space_is_given_back_when_it_has_drained) {
    ASSERT_TRUE(s.open());
    for (int n = 0; n < 2000; ++n) {
        ASSERT_TRUE(s.push(n, 1000));
    }
    s.until([&] { return s.acknowledged.size() == 2000; });
    EXPECT_GT(s.disk_bytes(), 2'000'000U);
    s.drain();
    s.until([&] { return s.disk_bytes() <= 64 * 1024; });
}

TEST_F(spooler_test, space_is_given_back_when_it_has_drained_after_an_overflow_too) {
    s.settings.max_bytes = 1'000'000;
    ASSERT_TRUE(s.open());
    for (int n = 0; n < 2000; ++n) {
        ASSERT_TRUE(s.push(n, 1000));
    }
    s.until([&] { return s.acknowledged.size() == 2000; });
    s.drain();
    s.until([&] { return s.disk_bytes() <= 64 * 1024; });
    const auto told = s.queue->numbers().overwritten_ever;
    EXPECT_GT(told, 1000U);
    s.queue->stop();
    s.forget();
    ASSERT_TRUE(s.open());
    EXPECT_EQ(s.queue->numbers().overwritten_ever, told);
    EXPECT_EQ(s.queue->numbers().messages, 0U);
    EXPECT_EQ(s.queue->numbers().damaged, 0U);
}

TEST_F(spooler_test, overwritten_messages_give_their_space_back_while_the_cloud_is_away) {
    s.settings.max_bytes = 256 * 1024;
    ASSERT_TRUE(s.open());
    std::uint64_t most = 0;
    for (int n = 0; n < 4000; ++n) {
        ASSERT_TRUE(s.push(n, 1000));
        if (n % 50 == 0) {
            s.until([&] { return s.acknowledged.size() == static_cast<std::size_t>(n) + 1; });
            most = std::max(most, s.disk_bytes());
            if (n == 200) {
                (void)s.queue->next();  // and one is in flight all the while
            }
        }
    }
    EXPECT_LT(most, 480U * 1024);
}

// Goal of the design: at most 2 bytes to the disk for each that is stored, from 256 on, although
// each is saved, delivered and taken off by itself.
TEST_F(spooler_test, bytes_written_are_at_most_twice_the_bytes_stored) {
    ASSERT_TRUE(s.open());
    std::uint64_t stored = 0;
    for (int n = 1000; n < 3000; ++n) {
        ASSERT_TRUE(s.push(n, 251));
        stored += 256;
        s.until([&] { return s.acknowledged.contains(n); });
        const auto m = s.queue->next();
        s.queue->done(m->number);
    }
    s.queue->stop();
    EXPECT_LE(s.disk.bytes_written(), 2 * stored);
}

}  // namespace
}  // namespace evergrass::edge
