#include "libs/mqtt/session_journal_records.hpp"

#include "libs/mqtt/test_journal_state.hpp"

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt::journal {
namespace {

using ::testing::ElementsAre;
using outcome = decoder::outcome;
using progress = session_journal::delivery::progress;

std::string bytes_of(const record& r) {
    std::string head;
    const auto payload = encode(r, head);
    return head.append(payload);
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const auto each : bytes) {
        const auto value = static_cast<std::uint8_t>(each);
        text += "0123456789abcdef"[value >> 4];
        text += "0123456789abcdef"[value & 15];
    }
    return text;
}

session_record a_session() {
    return {1, "c", protocol_version::v5, 3600, 0, {}, {}, {}};
}

// As docs/formats/mqtt-sessions.md has them.
TEST(session_journal_records, have_the_documented_bytes) {
    EXPECT_EQ(hex(bytes_of(a_session())), "21010500901c000163");
    EXPECT_EQ(hex(bytes_of(session_ended_record{300})), "22ac02");
    EXPECT_EQ(hex(bytes_of(will_done_record{1})), "2301");
    EXPECT_EQ(
        hex(bytes_of(subscription_record{
            1, 2, "a/#", {qos::exactly_once, true, true, retain_handling::do_not_send}, 128})),
        "2401022e8001612f23");
    EXPECT_EQ(hex(bytes_of(unsubscribed_record{1, 1, "b"})), "25010162");
    EXPECT_EQ(hex(bytes_of(sent_record{1, 7})), "270107");
    EXPECT_EQ(hex(bytes_of(pubrec_record{1, 7, 0x1234, qos::exactly_once, true})), "280107341206");
    EXPECT_EQ(hex(bytes_of(finished_record{1, 7})), "290107");
    EXPECT_EQ(hex(bytes_of(received_record{1, 0x1234})), "2a013412");
    EXPECT_EQ(hex(bytes_of(released_record{1, 0x1234})), "2b013412");
    EXPECT_EQ(hex(bytes_of(retained_cleared_record{"s", "t"})), "2d017374");
    const wall_time at{std::chrono::nanoseconds(0x0102030405060708)};
    EXPECT_EQ(hex(bytes_of(clock_record{at})), "2e0807060504030201");
    EXPECT_EQ(hex(bytes_of(started_record{at})), "2f0807060504030201");
}

TEST(session_journal_records, of_messages_have_the_documented_bytes) {
    auto what = std::make_shared<stored_message>();
    what->topic = "t";
    what->source = "s";
    what->properties = "pp";
    what->payload = std::make_shared<const std::string>("xyz");
    what->level = qos::at_least_once;
    what->retain = true;
    EXPECT_EQ(hex(bytes_of(retained_record{{what, {}}})),
              "2c05"
              "0174"
              "0173"
              "027070"
              "78797a");
    const std::vector<std::uint32_t> ids{7, 300};
    const std::vector<delivery_part> to{
        {1, 2, 3, qos::exactly_once, true, progress::sent, ids},
        {4, 5, 6, qos::at_least_once, false, progress::waiting, {}},
    };
    EXPECT_EQ(hex(bytes_of(message_record{{what, {}}, to, received_record{9, 8}})),
              "2615"
              "02"
              "010203001e0207ac02"
              "0405060001"
              "090800"
              "0174"
              "0173"
              "027070"
              "78797a");
    auto left = a_session();
    left.left_at = wall_time(std::chrono::nanoseconds(1));
    left.will_due = wall_time(std::chrono::nanoseconds(2));
    what->expires_at = wall_time(std::chrono::nanoseconds(4));
    left.will = {what, wall_time(std::chrono::nanoseconds(3))};
    EXPECT_EQ(hex(bytes_of(left)),
              "21010503901c000163"
              "0100000000000000"
              "0200000000000000"
              "0d"
              "0300000000000000"
              "0400000000000000"
              "0174"
              "0173"
              "027070"
              "78797a");
}

TEST(session_journal_records, cut_short_anywhere_are_damaged_or_shorter_texts) {
    auto what = std::make_shared<stored_message>(*a_message("topic", ""));
    what->expires_at = wall_time(std::chrono::seconds(1));
    const std::vector<std::uint32_t> ids{7, 300};
    const std::vector<delivery_part> to{{1, 2, 3, qos::exactly_once, true, progress::sent, ids}};
    decoder in;
    for (const auto& whole :
         {bytes_of(a_session()), bytes_of(pubrec_record{1, 7, 2, qos::exactly_once, true}),
          bytes_of(received_record{1, 2}), bytes_of(clock_record{}), bytes_of(sent_record{1, 2}),
          bytes_of(retained_record{{what, {}}}),
          bytes_of(message_record{{what, {}}, to, received_record{9, 8}})}) {
        EXPECT_EQ(in.read(whole), outcome::record);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_EQ(in.read(whole.substr(0, size)), outcome::damaged)
                << hex(whole) << " " << size;
        }
    }
}

TEST(session_journal_records, with_values_that_do_not_exist_are_damaged) {
    decoder in;
    for (const auto* const bytes : {
             "\x21\x01\x06\x01\x01\x01\x01"
             "c",  // MQTT 6
             "\x21\x01\x05\x04\x01\x01\x01"
             "c",  // an unknown flag
             "\x24\x01\x01\x03\x01"
             "f",  // QoS 3
             "\x24\x01\x01\x30\x01"
             "f",                                             // retain handling 3
             "\x28\x01\x01\x01\x01\x03",                      // QoS 3
             "\x22\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01",  // session 2^63 + 1
             "\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  // more than 64 bits
             "\x27\x01\x01\x01",                              // bytes left over
             "\x30\x01", "\x3e\x01", "\x01\x01",  // kinds, and a version before the first
         }) {
        EXPECT_EQ(in.read(bytes), outcome::damaged) << hex(bytes);
    }
    EXPECT_EQ(in.read("\x41\x01"), outcome::later_version);
    EXPECT_EQ(in.read("\xff"), outcome::later_version);
}

TEST(session_journal_records, several_in_one_are_split_or_damaged_as_a_whole) {
    std::string all;
    begin_several(all);
    EXPECT_THAT(split_several(all), ElementsAre());
    add_to_several(all, "head", "payload");
    add_to_several(all, "second", "");
    EXPECT_THAT(split_several(all), ElementsAre("headpayload", "second"));
    EXPECT_THAT(split_several("another"), ElementsAre("another"));
    all.pop_back();
    ASSERT_THAT(split_several(all), ElementsAre(all));
    EXPECT_EQ(decoder().read(all), outcome::damaged);
}

}  // namespace
}  // namespace evergrass::mqtt::journal
