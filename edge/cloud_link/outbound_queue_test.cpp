#include "edge/cloud_link/outbound_queue.hpp"

#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

outbound_message message(const std::string& topic, std::size_t payload_bytes) {
    return {topic, std::make_shared<const std::string>(payload_bytes, 'x')};
}

TEST(outbound_queue, is_first_in_first_out) {
    outbound_queue queue(100);
    EXPECT_TRUE(queue.push(message("a", 1)));
    EXPECT_TRUE(queue.push(message("b", 1)));
    EXPECT_EQ(queue.pop()->topic, "a");
    EXPECT_EQ(queue.pop()->topic, "b");
    EXPECT_FALSE(queue.pop());
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST(outbound_queue, the_oldest_give_way_and_are_counted) {
    outbound_queue queue(30);
    std::string lost;
    queue.on_overwritten = [&lost](const outbound_message& m) { lost += m.topic; };
    queue.push(message("a", 9));
    queue.push(message("b", 9));
    queue.push(message("c", 9));
    EXPECT_TRUE(queue.push(message("d", 18)));
    EXPECT_EQ(queue.overwritten(), 2U);
    EXPECT_EQ(lost, "ab");
    EXPECT_EQ(queue.pop()->topic, "c");
    EXPECT_EQ(queue.pop()->topic, "d");
}

TEST(outbound_queue, a_message_larger_than_the_queue_changes_nothing) {
    outbound_queue queue(30);
    queue.push(message("a", 9));
    EXPECT_FALSE(queue.push(message("b", 30)));
    EXPECT_EQ(queue.messages(), 1U);
    EXPECT_EQ(queue.overwritten(), 0U);
}

TEST(outbound_queue, a_message_put_back_is_the_next_again) {
    outbound_queue queue(30);
    queue.push(message("a", 1));
    queue.push(message("b", 1));
    auto first = queue.pop();
    queue.put_back(std::move(*first));
    EXPECT_EQ(queue.pop()->topic, "a");
    EXPECT_EQ(queue.bytes(), 2U);
}

}  // namespace
}  // namespace evergrass::edge
