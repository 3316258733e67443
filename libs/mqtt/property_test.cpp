#include "libs/mqtt/property.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace evergrass::mqtt {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::vector<property> all_of(std::string_view list, bool& failed) {
    std::vector<property> all;
    property_reader in(list);
    while (const auto p = in.next()) {
        all.push_back(*p);
    }
    EXPECT_FALSE(in.next());
    failed = in.failed();
    return all;
}

TEST(property_reader, reads_what_put_property_writes) {
    std::string list;
    put_property(list, property_id::payload_format_indicator, 1U);
    put_property(list, property_id::topic_alias, 0x1234U);
    put_property(list, property_id::message_expiry_interval, 0x12345678U);
    put_property(list, property_id::subscription_identifier, 268'435'455U);
    put_property(list, property_id::content_type, "text");
    put_property(list, property_id::correlation_data, "\xff\0"sv);
    put_user_property(list, "name", "value");
    bool failed = true;
    const auto all = all_of(list, failed);
    EXPECT_FALSE(failed);
    ASSERT_EQ(all.size(), 7U);
    EXPECT_EQ(all[0].number, 1U);
    EXPECT_EQ(all[1].number, 0x1234U);
    EXPECT_EQ(all[2].number, 0x12345678U);
    EXPECT_EQ(all[3].number, 268'435'455U);
    EXPECT_EQ(all[4].text, "text");
    EXPECT_EQ(all[5].text, "\xff\0"sv);
    EXPECT_EQ(all[6].text, "name");
    EXPECT_EQ(all[6].value, "value");
    std::string raw;
    for (const auto& p : all) {
        raw += p.raw;
    }
    EXPECT_EQ(raw, list);
}

TEST(property_reader, numbers_have_the_width_of_their_identifier) {
    std::string list;
    put_property(list, property_id::maximum_qos, 1U);
    put_property(list, property_id::receive_maximum, 2U);
    put_property(list, property_id::session_expiry_interval, 3U);
    put_property(list, property_id::subscription_identifier, 128U);
    EXPECT_EQ(list, "\x24\x01\x21\0\x02\x11\0\0\0\x03\x0b\x80\x01"sv);
}

TEST(property_reader, tells_the_end_from_a_list_that_is_cut) {
    std::string list;
    put_user_property(list, "name", "value");
    bool failed = true;
    EXPECT_EQ(all_of(list, failed).size(), 1U);
    EXPECT_FALSE(failed);
    EXPECT_EQ(all_of("", failed).size(), 0U);
    EXPECT_FALSE(failed);
    for (std::size_t cut = 1; cut < list.size(); ++cut) {
        const std::string shorter = list.substr(0, cut);
        EXPECT_EQ(all_of(shorter, failed).size(), 0U) << cut;
        EXPECT_TRUE(failed) << cut;
    }
}

TEST(property_reader, stops_at_an_identifier_that_does_not_exist) {
    const std::string known =
        "\x01\x02\x03\x08\x09\x0b\x11\x12\x13\x15\x16\x17\x18\x19\x1a\x1c\x1f\x21\x22\x23\x24\x25"
        "\x26\x27\x28\x29\x2a";
    for (unsigned id = 0; id < 256; ++id) {
        const std::string list = static_cast<char>(id) + "\0\0\0\0"s;
        property_reader in(list);
        const bool read = in.next().has_value();
        EXPECT_EQ(read, known.find(static_cast<char>(id)) != std::string::npos) << id;
        EXPECT_NE(in.failed(), read) << id;
    }
}

TEST(forwarded_properties, is_a_view_when_nothing_is_left_out) {
    std::string list;
    put_property(list, property_id::content_type, "text");
    put_user_property(list, "k", "v");
    std::string scratch;
    const auto kept = forwarded_properties(list, scratch);
    EXPECT_EQ(kept.data(), list.data());
    EXPECT_EQ(kept.size(), list.size());
    EXPECT_TRUE(forwarded_properties("", scratch).empty());
}

TEST(forwarded_properties, leaves_out_what_is_between_one_sender_and_the_server) {
    std::string kept;
    put_property(kept, property_id::payload_format_indicator, 1U);
    std::string list;
    put_property(list, property_id::topic_alias, 1U);
    list += kept;
    put_property(list, property_id::message_expiry_interval, 1U);
    put_property(list, property_id::subscription_identifier, 1U);
    put_property(list, property_id::will_delay_interval, 1U);
    std::string scratch;
    EXPECT_EQ(forwarded_properties(list, scratch), kept);
    EXPECT_TRUE(scratch.empty());  // still in one piece
}

TEST(forwarded_properties, keeps_the_order_of_what_stays) {
    std::string kept;
    std::string list;
    for (const auto name : {"a", "b", "a", "c"}) {
        std::string user;
        put_user_property(user, name, "value");
        kept += user;
        list += user;
        put_property(list, property_id::subscription_identifier, 7U);
    }
    put_property(kept, property_id::response_topic, "answer");
    put_property(list, property_id::response_topic, "answer");
    std::string scratch = "of an earlier call";
    EXPECT_EQ(forwarded_properties(list, scratch), kept);
}

}  // namespace
}  // namespace evergrass::mqtt
