#include "edge/spooler/spool_record.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace evergrass::edge {
namespace {

const wall_time noon{std::chrono::milliseconds(1'574'856'000'123)};

std::string record(std::string_view topic, std::string_view payload) {
    return spool_record_head(noon, topic, 77).append(topic).append(payload);
}

TEST(spool_record, is_read_as_it_was_written) {
    for (const auto& [topic, payload] : {std::pair<std::string, std::string>{"a/b", "hello"},
                                         {"t", ""},
                                         {std::string(65'535, 'x'), std::string(100, '\0')}}) {
        const auto bytes = record(topic, payload);
        EXPECT_EQ(bytes.size(), 19 + topic.size() + payload.size());
        const auto read = read_spool_record(bytes).record;
        ASSERT_TRUE(read);
        EXPECT_EQ(read->at, noon);
        EXPECT_EQ(read->topic, topic);
        EXPECT_EQ(read->payload, payload);
        EXPECT_EQ(read->gave_way, 77U);
    }
}

TEST(spool_record, of_the_first_version_has_no_count) {
    const auto read =
        read_spool_record(std::string_view("\x01\x0b\x00\x00\x00\x00\x00\x00\x00\x03\x00"
                                           "a/bhi",
                                           16));
    ASSERT_TRUE(read.record);
    EXPECT_EQ(read.record->topic, "a/b");
    EXPECT_EQ(read.record->payload, "hi");
    EXPECT_EQ(read.record->gave_way, 0U);
}

TEST(spool_record, without_topic_and_payload_only_counts) {
    const auto read = read_spool_record(record("", "")).record;
    ASSERT_TRUE(read);
    EXPECT_EQ(read->topic, "");
    EXPECT_EQ(read->gave_way, 77U);
}

TEST(spool_record, has_the_bytes_of_its_page) {
    const std::string expected(
        "\x02\x0b\x00\x00\x00\x00\x00\x00\x00\x03\x00\x02\x01\x00\x00\x00\x00\x00\x00"
        "a/bhi",
        24);
    EXPECT_EQ(spool_record_head(wall_time(std::chrono::milliseconds(11)), "a/b", 258) + "a/bhi",
              expected);
}

TEST(spool_record, cut_anywhere_before_its_payload_is_damaged) {
    const auto whole = record("topic", "");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto read = read_spool_record(whole.substr(0, size));
        EXPECT_FALSE(read.record) << size;
        EXPECT_EQ(read.fault, spool_record_fault::damaged);
    }
}

TEST(spool_record, that_breaks_its_form_is_damaged) {
    for (const auto* topic : {"", "a/#", "+", "\xff\xfe"}) {
        EXPECT_FALSE(read_spool_record(record(topic, "x")).record) << topic;
    }
    auto never = record("t", "x");
    never.replace(1, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
    EXPECT_FALSE(read_spool_record(never).record);
    auto zero = record("t", "x");
    zero[0] = '\0';
    EXPECT_EQ(read_spool_record(zero).fault, spool_record_fault::damaged);
}

TEST(spool_record, of_a_later_version_is_told_apart) {
    auto later = record("t", "x");
    later[0] = 3;
    EXPECT_FALSE(read_spool_record(later).record);
    EXPECT_EQ(read_spool_record(later).fault, spool_record_fault::later_version);
}

}  // namespace
}  // namespace evergrass::edge
