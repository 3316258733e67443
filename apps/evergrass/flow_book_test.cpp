#include "apps/evergrass/flow_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const mono_time start{1h};

TEST(flow_book, tells_how_long_each_flow_took) {
    flow_book book;
    book.sent(1, start);
    const auto* row = book.arrived(flow::device_to_device, 1, start + 2ms);
    ASSERT_NE(row, nullptr);
    EXPECT_FALSE(row->complete());
    row = book.arrived(flow::function_to_cloud, 1, start + 7ms);
    ASSERT_NE(row, nullptr);
    EXPECT_TRUE(row->complete());
    EXPECT_EQ(row->took[0], 7ms);
    EXPECT_EQ(row->took[1], 2ms);
}

TEST(flow_book, a_flow_is_missing_until_its_first_message) {
    flow_book book;
    book.sent(1, start);
    EXPECT_THAT(book.missing(), ElementsAre(flow::function_to_cloud, flow::device_to_device));
    book.arrived(flow::device_to_device, 1, start);
    EXPECT_THAT(book.missing(), ElementsAre(flow::function_to_cloud));
    book.arrived(flow::function_to_cloud, 1, start);
    EXPECT_THAT(book.missing(), ElementsAre());
}

TEST(flow_book, a_duplicate_and_a_message_never_sent_count_for_nothing) {
    flow_book book;
    book.sent(1, start);
    EXPECT_NE(book.arrived(flow::device_to_device, 1, start + 1ms), nullptr);
    EXPECT_EQ(book.arrived(flow::device_to_device, 1, start + 9ms), nullptr);
    EXPECT_EQ(book.find(1)->took[1], 1ms);
    EXPECT_EQ(book.arrived(flow::function_to_cloud, 2, start), nullptr);
    EXPECT_THAT(book.missing(), ElementsAre(flow::function_to_cloud));
}

TEST(flow_book, does_not_grow_with_time) {
    flow_book book;
    for (std::uint64_t n = 1; n <= 1000; ++n) {
        book.sent(n, start);
    }
    EXPECT_EQ(book.find(1), nullptr);
    EXPECT_NE(book.find(1000), nullptr);
    EXPECT_EQ(book.messages_sent(), 1000u);
}

TEST(reading, carries_its_number_to_a_receiver_of_the_same_run_only) {
    const auto payload = make_reading("run-a", 42);
    EXPECT_EQ(sequence_of(payload, "run-a"), 42u);
    EXPECT_EQ(sequence_of(payload, "run-b"), std::nullopt);
}

TEST(reading, anything_else_is_no_reading) {
    for (const char* payload :
         {"", "{", "[]", "7", R"({"run":"r"})", R"({"run":"r","sequence":-1})",
          R"({"run":"r","sequence":"1"})", R"({"sequence":1})"}) {
        EXPECT_EQ(sequence_of(payload, "r"), std::nullopt) << payload;
    }
}

}  // namespace
}  // namespace evergrass::cli
