#include "cloud/bus/bus_subjects.hpp"
#include "cloud/bus/envelope.hpp"
#include "cloud/bus/keep_answer.hpp"
#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace evergrass::cloud {
namespace {

std::shared_ptr<mqtt::stored_message> some_message() {
    auto made = std::make_shared<mqtt::stored_message>();
    made->topic = "a/b";
    made->payload = std::make_shared<const std::string>(std::string("\0x", 2));
    made->level = mqtt::qos::at_least_once;
    made->retain = true;
    made->properties = std::string("\x01\x01", 2);
    made->expires_at = wall_time(std::chrono::milliseconds(1'700'000'000'123));
    made->source = "client";
    return made;
}

TEST(bus_subjects, are_of_the_fleet_and_of_the_topic) {
    EXPECT_EQ(stream_of("f00"), "evergrass-f00");
    EXPECT_EQ(event_subject("f00"), "evergrass.f00.k.e");
    EXPECT_EQ(live_subject("f00", "a/b"), "evergrass.f00.q.m.a.b");
    EXPECT_EQ(all_live_subjects("f00"), "evergrass.f00.q.m.>");
    EXPECT_EQ(message_subject("f00", "$aws/things/a-b_c/shadow"),
              "evergrass.f00.k.m.$aws.things.a-b_c.shadow");
}

TEST(bus_subjects, escape_what_nats_gives_a_meaning) {
    EXPECT_EQ(message_subject("f", "a.b/* >/%"), "evergrass.f.k.m.a%2Eb.%2A%20%3E.%25");
    EXPECT_EQ(message_subject("f", "/"), "evergrass.f.k.m.%.%");
    EXPECT_EQ(message_subject("f", "\xC3\xA4"), "evergrass.f.k.m.%C3%A4");
    EXPECT_NE(message_subject("f", "a//b"), message_subject("f", "a/%/b"));
}

TEST(bus_subjects, of_filters_have_nats_wildcards) {
    EXPECT_EQ(message_filter("f", "a/+/c/#"), "evergrass.f.k.m.a.*.c.>");
    EXPECT_EQ(message_filter("f", "#"), "evergrass.f.k.m.>");
    EXPECT_EQ(message_filter("f", "a//+"), "evergrass.f.k.m.a.%.*");
    EXPECT_EQ(message_subject("f", "a/+x"), "evergrass.f.k.m.a.%2Bx");
}

TEST(bus_subjects, of_a_share_have_a_name_that_nats_takes) {
    const auto name = share_name("$share/g/a.b/* >");
    EXPECT_EQ(name.size(), 38U);
    EXPECT_EQ(name.find_first_not_of("share-0123456789abcdef"), std::string::npos);
    EXPECT_NE(name, share_name("$share/h/a.b/* >"));
    EXPECT_EQ(share_subject("f", "$share/g/a.b/* >"), "evergrass.f.s." + name);
    EXPECT_EQ(live_filter("f", "a/+/#"), "evergrass.f.q.m.a.*.>");
}

TEST(envelope, carries_a_message_with_all_that_it_has) {
    envelope said;
    said.origin = "node-1";
    said.message = some_message();
    const auto read = decode_envelope(encode_envelope(said));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->what, told::message);
    EXPECT_EQ(read->origin, "node-1");
    const auto& m = *read->message;
    EXPECT_EQ(m.topic, "a/b");
    EXPECT_EQ(*m.payload, std::string("\0x", 2));
    EXPECT_EQ(m.level, mqtt::qos::at_least_once);
    EXPECT_TRUE(m.retain);
    EXPECT_EQ(m.properties, said.message->properties);
    EXPECT_EQ(m.expires_at, said.message->expires_at);
    EXPECT_EQ(m.source, "client");
}

TEST(envelope, of_a_publication_is_the_same_as_of_the_message_that_is_kept) {
    auto message = some_message();
    const auto now = wall_time(std::chrono::milliseconds(1'699'999'990'123));
    envelope said;
    said.origin = "n";
    said.message = message;
    const mqtt::publication published(message, now);
    EXPECT_EQ(encode_message("n", published), encode_envelope(said));
}

TEST(envelope, carries_a_name_and_a_number) {
    envelope said;
    said.what = told::client_claimed;
    said.origin = "n";
    said.name = std::string(65'535, 'x');
    said.number = 0x0102030405060708;
    const auto read = decode_envelope(encode_envelope(said));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->what, told::client_claimed);
    EXPECT_EQ(read->name, said.name);
    EXPECT_EQ(read->number, said.number);
}

TEST(envelope, that_is_cut_or_longer_is_refused) {
    envelope said;
    said.origin = "n";
    said.message = some_message();
    const auto whole = encode_envelope(said);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode_envelope(std::string_view(whole).substr(0, size))) << size;
    }
    EXPECT_FALSE(decode_envelope(whole + "x"));
}

TEST(envelope, of_a_later_version_says_what_to_do) {
    const auto read = decode_envelope("\x02\x01\x01n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, errc::unsupported);
    EXPECT_NE(read.error().context.find("the same one on all nodes"), std::string::npos);
}

TEST(envelope, of_no_known_kind_level_topic_or_sender_is_refused) {
    using namespace std::string_literals;
    EXPECT_FALSE(decode_envelope("\x01\x00\x01n\0\0"s));
    EXPECT_FALSE(decode_envelope("\x01\x0d\x01n\0\0"s + std::string(8, '\0')));
    EXPECT_FALSE(decode_envelope("\x01\x02\x00\0\0"s + std::string(8, '\0')));
    const auto message = [](char flags, char letter) {
        return "\x01\x01\x01n"s + flags + "\0\x01"s + letter + "\0\0"s + std::string(8, '\0');
    };
    EXPECT_TRUE(decode_envelope(message('\x01', 'a')));
    EXPECT_FALSE(decode_envelope(message('\x02', 'a')));
    EXPECT_FALSE(decode_envelope(message('\x11', 'a')));
    EXPECT_FALSE(decode_envelope(message('\x01', '#')));
}

TEST(envelope, that_expires_after_all_time_does_not_expire) {
    using namespace std::string_literals;
    const auto read = decode_envelope("\x01\x01\x01n\x09"s + std::string(8, '\xFF') + "\0\x01"s +
                                      "a\0\0"s + std::string(8, '\0'));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_FALSE(read->message->expires_at);
}

TEST(keep_answer, is_the_place_in_the_stream) {
    const auto at = parse_keep_answer(R"({"stream":"evergrass-f","seq":7,"duplicate":true})");
    ASSERT_TRUE(at) << at.error().message();
    EXPECT_EQ(*at, 7U);
}

TEST(keep_answer, that_refuses_says_why) {
    const auto no = parse_keep_answer(
        R"({"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}})");
    ASSERT_FALSE(no);
    EXPECT_NE(no.error().context.find("maximum bytes exceeded"), std::string::npos);
    for (const auto* each : {"", "7", "{}", R"({"seq":0})", R"({"seq":"7"})", R"({"error":1})"}) {
        EXPECT_FALSE(parse_keep_answer(each)) << each;
    }
}

}  // namespace
}  // namespace evergrass::cloud
