#include "libs/mqtt/message.hpp"

#include "libs/mqtt/property.hpp"

#include <gtest/gtest.h>

#include <string>

namespace evergrass::mqtt {
namespace {

using namespace std::chrono_literals;

const wall_time now = wall_time(std::chrono::seconds(1'700'000'000));

TEST(publication, copies_nothing_until_it_is_kept) {
    const std::string topic = "a/b";
    const std::string payload = "payload";
    publish_view view;
    view.topic = topic;
    view.payload = payload;
    const publication p(view, "source", now);
    EXPECT_EQ(p.topic().data(), topic.data());
    EXPECT_EQ(p.payload().data(), payload.data());
    EXPECT_EQ(p.source(), "source");
    EXPECT_EQ(p.now(), now);
    EXPECT_TRUE(p.forwarded().empty());
    EXPECT_EQ(p.expiry_left(), std::nullopt);
}

TEST(publication, is_kept_once_with_memory_of_its_own) {
    auto topic = std::make_unique<std::string>("a/b");
    auto payload = std::make_unique<std::string>("payload");
    std::string properties;
    put_property(properties, property_id::topic_alias, 3U);
    put_user_property(properties, "k", "v");
    put_property(properties, property_id::message_expiry_interval, 60U);
    put_user_property(properties, "k", "w");
    std::string forwarded;
    put_user_property(forwarded, "k", "v");
    put_user_property(forwarded, "k", "w");
    publish_view view{*topic, *payload, qos::exactly_once, true, false, properties, 60};
    message_ptr kept;
    {
        const publication p(view, "source", now);
        const auto first_payload = p.shared_payload();
        kept = p.keep();
        EXPECT_EQ(kept->payload, first_payload);
        EXPECT_EQ(p.keep(), kept);
        EXPECT_EQ(p.forwarded(), forwarded);
        EXPECT_EQ(p.expiry_left(), 60U);
    }
    topic.reset();
    payload.reset();
    EXPECT_EQ(kept->topic, "a/b");
    EXPECT_EQ(*kept->payload, "payload");
    EXPECT_EQ(kept->level, qos::exactly_once);
    EXPECT_TRUE(kept->retain);
    EXPECT_EQ(kept->properties, forwarded);
    EXPECT_EQ(kept->expires_at, now + 60s);
    EXPECT_EQ(kept->source, "source");
    EXPECT_EQ(kept->bytes(), 3 + 7 + forwarded.size());
}

message_ptr message_that_expires_in(wall_time::duration left) {
    auto message = std::make_shared<stored_message>();
    message->topic = "t";
    message->payload = std::make_shared<const std::string>("x");
    message->level = qos::at_least_once;
    message->retain = true;
    message->properties = "\x01\x01";
    message->source = "source";
    message->expires_at = now + left;
    return message;
}

TEST(publication, of_a_kept_message_is_that_message) {
    const auto message = message_that_expires_in(60s);
    const publication p(message, now);
    EXPECT_EQ(p.topic(), "t");
    EXPECT_EQ(p.payload(), "x");
    EXPECT_EQ(p.level(), qos::at_least_once);
    EXPECT_TRUE(p.retain());
    EXPECT_EQ(p.source(), "source");
    EXPECT_EQ(p.forwarded(), "\x01\x01");
    EXPECT_EQ(p.keep(), message);
    EXPECT_EQ(p.shared_payload(), message->payload);
}

TEST(publication, has_the_seconds_left_that_have_begun_and_at_least_one) {
    const auto left = [](wall_time::duration d) {
        return publication(message_that_expires_in(d), now).expiry_left();
    };
    EXPECT_EQ(left(60s), 60U);
    EXPECT_EQ(left(59s + 1ns), 60U);
    EXPECT_EQ(left(1ms), 1U);
    EXPECT_EQ(left(0s), 1U);
    EXPECT_EQ(left(-5s), 1U);
    EXPECT_EQ(left(std::chrono::seconds(5'000'000'000)), 0xFFFF'FFFFU);
    publish_view view;
    view.message_expiry = 0;
    EXPECT_EQ(publication(view, "", now).expiry_left(), 1U);
}

TEST(publication, of_a_clock_near_its_end_expires_at_that_end) {
    publish_view view;
    view.topic = "t";
    view.message_expiry = 0xFFFF'FFFF;
    EXPECT_EQ(publication(view, "", wall_time::max() - 1s).keep()->expires_at, wall_time::max());
    EXPECT_EQ(publication(view, "", now).keep()->expires_at, now + 4'294'967'295s);
}

}  // namespace
}  // namespace evergrass::mqtt
