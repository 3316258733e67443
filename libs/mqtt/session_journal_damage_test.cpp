#include "libs/base/errors.hpp"
#include "libs/log_store/crc32c.hpp"
#include "libs/log_store/log.hpp"
#include "libs/log_store/testing/crashing_file_system.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/session_journal_records.hpp"
#include "libs/mqtt/test_journal_state.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// Each test is named by what was done to the files.
namespace evergrass::mqtt {
namespace {

using log_store::testing::crashing_file_system;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::uint32_t never = 0xFFFF'FFFF;
constexpr auto v3 = protocol_version::v3_1_1;

class session_journal_damage : public ::testing::Test {
protected:
    session_journal_damage()
        : log_path_(::testing::TempDir() + "/session_journal_damage_" +
                    ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".log") {
        std::filesystem::remove(log_path_);
    }
    ~session_journal_damage() override { std::filesystem::remove(log_path_); }

    result<std::unique_ptr<session_journal>> open() {
        return session_journal::open(
            disk_, {"/sessions", 64 * 1024 * 1024}, time_,
            logger::to_file(log_path_, log_level::debug, 1024 * 1024, 1).value());
    }
    // What a journal that is opened now gives back.
    std::string kept() {
        auto journal = open().value();
        const auto sessions = journal->take_sessions();
        return to_text(sessions, journal->take_retained());
    }
    std::string logged() const {
        std::ifstream in(log_path_);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    // Two sessions and a retained message, closed.
    void write() {
        auto journal = open().value();
        for (const std::string client : {"first", "second"}) {
            journal->session_begun(client, v3, never);
            journal->subscribed(client, {"filter of " + client, {}, 0});
            for (std::uint64_t order = 1; order <= 2; ++order) {
                const std::vector to{a_delivery(client, order)};
                const auto payload = "message " + std::to_string(order) + " of " + client;
                ASSERT_TRUE(journal->message(a_message("t", payload), to, {}));
            }
        }
        ASSERT_TRUE(journal->retained(a_message("r", "retained")));
        ASSERT_TRUE(journal->stop());
        first_ =
            "session first v4 expires 4294967295\n"
            "  filter of first 00 id 0\n"
            "  delivery 1 packet 1 1 state 0 ids t|message 1 of first||publisher|1\n"
            "  delivery 2 packet 1 1 state 0 ids t|message 2 of first||publisher|1\n";
        second_ =
            "session second v4 expires 4294967295\n"
            "  filter of second 00 id 0\n"
            "  delivery 1 packet 1 1 state 0 ids t|message 1 of second||publisher|1\n"
            "  delivery 2 packet 1 1 state 0 ids t|message 2 of second||publisher|1\n";
        retained_ = "retained r|retained||publisher|1\n";
    }
    // A further write, so that what was written before is no unfinished one.
    void write_more() {
        auto journal = open().value();
        journal->session_begun("last", v3, never);
        ASSERT_TRUE(journal->stop());
    }
    static constexpr auto last_session = "session last v4 expires 4294967295\n";

    // Changes a byte of the record that has `text` in it.
    void flip(std::string_view text, std::size_t nth = 0) {
        for (const auto& path : disk_.files("/sessions")) {
            auto bytes = disk_.content(path);
            auto at = bytes.find(text);
            for (; nth > 0 && at != std::string::npos; --nth) {
                at = bytes.find(text, at + 1);
            }
            if (at != std::string::npos) {
                bytes[at] ^= 0x40;
                disk_.replace(path, bytes);
                return;
            }
        }
        FAIL() << text << " is in no file";
    }
    void append_record(std::string_view bytes) {
        auto store = log_store::log::open(disk_, "/sessions").value();
        ASSERT_TRUE(store.append(bytes));
        ASSERT_TRUE(store.sync());
    }

    crashing_file_system disk_;
    turned_clock time_;
    const std::string log_path_;
    std::string first_;
    std::string second_;
    std::string retained_;
};

TEST_F(session_journal_damage, none) {
    write();
    EXPECT_EQ(kept(), first_ + second_ + retained_);
    EXPECT_THAT(logged(), Not(HasSubstr("ERROR")));
}

TEST_F(session_journal_damage, a_changed_byte_in_a_message_loses_its_deliveries_and_no_more) {
    write();
    write_more();
    flip("message 1 of first");
    first_.erase(first_.find("  delivery 1"),
                 first_.find("  delivery 2") - first_.find("  delivery 1"));
    EXPECT_EQ(kept(), first_ + last_session + second_ + retained_);
    EXPECT_THAT(logged(), AllOf(HasSubstr("[ERROR]-Records of MQTT sessions are lost."),
                                HasSubstr(".segment"), HasSubstr("/sessions")));
}

TEST_F(session_journal_damage, a_changed_byte_in_what_is_retained_loses_that) {
    write();
    write_more();
    flip("retained");
    EXPECT_EQ(kept(), first_ + last_session + second_);
}

TEST_F(session_journal_damage, a_changed_byte_where_a_session_begins_ends_it) {
    write();
    write_more();
    flip("first");
    EXPECT_EQ(kept(), last_session + second_ + retained_);
    EXPECT_THAT(logged(), HasSubstr("the records that say whose they are are lost"));
    EXPECT_EQ(kept(), last_session + second_ + retained_);  // for good
}

TEST_F(session_journal_damage,
       a_session_that_was_told_of_again_outlives_the_loss_of_its_beginning) {
    write();
    auto journal = open().value();
    journal->session_resumed("first", v3, never);
    ASSERT_TRUE(journal->stop());
    flip("first");
    EXPECT_EQ(kept(), first_ + second_ + retained_);
}

TEST_F(session_journal_damage, a_changed_byte_in_a_subscription_ends_its_session) {
    write();
    auto journal = open().value();
    // What comes later says how many there are.
    journal->session_left("first", never, time_.now(), {});
    journal->session_left("second", never, time_.now(), {});
    ASSERT_TRUE(journal->stop());
    flip("filter of first");
    EXPECT_THAT(kept(), AllOf(Not(HasSubstr("first")), HasSubstr("session second")));
    EXPECT_THAT(logged(), AllOf(HasSubstr("records of its subscriptions are lost"),
                                HasSubstr("\"clientId\": \"first\"")));
}

TEST_F(session_journal_damage, a_torn_end_is_cut_at_every_length) {
    write();
    const auto path = disk_.files("/sessions").at(0);
    const auto whole = disk_.content(path);
    const auto all = first_ + second_ + retained_;
    std::size_t lines = 0;
    for (std::size_t size = log_store::segment_header_bytes; size <= whole.size(); size += 8) {
        disk_.erase(path);
        for (const auto& other : disk_.files("/sessions")) {
            disk_.erase(other);
        }
        disk_.replace(path, whole.substr(0, size));
        const auto found = kept();
        // Nothing that was not there, and never less than a shorter file had.
        std::size_t count = 0;
        for (std::size_t at = 0; at < found.size(); at = found.find('\n', at) + 1, ++count) {
            EXPECT_THAT(all, HasSubstr(found.substr(at, found.find('\n', at) + 1 - at)));
        }
        ASSERT_GE(count, lines);
        lines = count;
    }
    EXPECT_EQ(lines, 9u);
    EXPECT_THAT(logged(), Not(HasSubstr("ERROR")));
}

TEST_F(session_journal_damage, a_zeroed_block_loses_what_it_touches) {
    auto journal = open().value();
    journal->session_begun("c", v3, never);
    for (std::uint64_t order = 1; order <= 20; ++order) {
        ASSERT_TRUE(journal->message(a_message("t", std::string(300, 'x')),
                                     std::vector{a_delivery("c", order)}, {}));
    }
    ASSERT_TRUE(journal->stop());
    journal = open().value();
    journal->session_begun("last", v3, never);
    ASSERT_TRUE(journal->stop());
    journal.reset();
    const auto path = disk_.files("/sessions").at(0);
    auto bytes = disk_.content(path);
    bytes.replace(2048, 512, 512, '\0');
    disk_.replace(path, bytes);
    journal = open().value();
    const auto sessions = journal->take_sessions();
    ASSERT_THAT(sessions, SizeIs(2));
    EXPECT_THAT(sessions[0].deliveries,
                SizeIs(::testing::AllOf(::testing::Ge(17u), ::testing::Lt(20u))));
    EXPECT_EQ(sessions[1].client_id, "last");
}

TEST_F(session_journal_damage, a_removed_segment_ends_sessions_that_were_in_it) {
    auto journal = open().value();
    journal->session_begun("c", v3, never);
    ASSERT_TRUE(journal->stop());
    journal = open().value();
    const std::string payload(100'000, 'x');
    for (std::uint64_t order = 1; order <= 60; ++order) {  // some 4 MiB: more than one segment
        if (order == 59) {
            journal->session_begun("d", v3, never);
        }
        ASSERT_TRUE(
            journal->message(a_message("t", payload), std::vector{a_delivery("c", order)}, {}));
    }
    ASSERT_TRUE(journal->stop());
    journal.reset();
    const auto files = disk_.files("/sessions");
    ASSERT_GE(files.size(), 2u);
    disk_.erase(files[0]);
    EXPECT_EQ(kept(), "session d v4 expires 4294967295\n");
    EXPECT_THAT(logged(), HasSubstr("missing"));
}

TEST_F(session_journal_damage, a_record_of_no_known_form_is_passed_over) {
    write();
    for (const auto& bytes :
         {std::string(), std::string("\x00", 1), std::string("\x3f"), std::string("\x2f\x05"),
          std::string("\x26\xff\xff"), std::string(100, '\xff').replace(0, 1, "\x21")}) {
        append_record(bytes);
    }
    EXPECT_EQ(kept(), first_ + second_ + retained_);
    EXPECT_THAT(logged(), HasSubstr("[ERROR]-A record of MQTT sessions cannot be read."));
}

TEST_F(session_journal_damage, a_record_of_a_later_version_is_refused_and_nothing_changes) {
    write();
    append_record("\x41later");
    std::vector<std::string> before;
    for (const auto& file : disk_.files("/sessions")) {
        before.push_back(file + disk_.content(file));
    }
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::unsupported);
    EXPECT_THAT(opened.error().context, AllOf(HasSubstr("/sessions"), HasSubstr("later version")));
    std::vector<std::string> after;
    for (const auto& file : disk_.files("/sessions")) {
        after.push_back(file + disk_.content(file));
    }
    EXPECT_EQ(after, before);
}

TEST_F(session_journal_damage, a_segment_of_a_later_version_is_refused) {
    write();
    const auto path = disk_.files("/sessions").at(0);
    auto bytes = disk_.content(path);
    bytes[8] = 2;
    const auto sum = log_store::crc32c(std::string_view(bytes).substr(0, 60));
    std::memcpy(bytes.data() + 60, &sum, sizeof sum);
    disk_.replace(path, bytes);
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::unsupported);
    EXPECT_THAT(opened.error().context, HasSubstr("/sessions"));
}

TEST_F(session_journal_damage, a_disk_that_cannot_be_read_is_an_error_that_names_the_directory) {
    write();
    disk_.cut_power_at(disk_.operations() + 1);
    EXPECT_FALSE(disk_.sync_directory("/sessions"));
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().context, HasSubstr("/sessions"));
}

TEST_F(session_journal_damage, all_files_removed_is_an_empty_journal) {
    write();
    for (const auto& file : disk_.files("/sessions")) {
        disk_.erase(file);
    }
    EXPECT_EQ(kept(), "");
}

TEST_F(session_journal_damage, numbers_as_large_as_they_can_be_are_taken_or_passed_over) {
    write();
    std::string head;
    journal::encode(journal::finished_record{UINT64_MAX, UINT64_MAX}, head);
    append_record(head);
    head.clear();
    journal::session_record last{std::uint64_t{1} << 62, "greatest", v3, 1, 0,
                                 wall_time::min(),       {},         {}};
    journal::encode(last, head);
    append_record(head);
    head.clear();
    journal::encode(journal::clock_record{wall_time::max()}, head);
    append_record(head);
    EXPECT_THAT(kept(), HasSubstr(second_));
}

}  // namespace
}  // namespace evergrass::mqtt
