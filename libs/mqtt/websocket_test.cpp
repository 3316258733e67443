#include "libs/mqtt/websocket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace evergrass::mqtt {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using verdict = upgrade_request::verdict;

// RFC 6455 1.3 has this key and its answer.
const std::string good =
    "GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqttv3.1, mqtt\r\n\r\n";

std::string with(std::string_view old, std::string_view fresh) {
    auto text = good;
    text.replace(text.find(old), old.size(), fresh);
    return text;
}

TEST(websocket_upgrade, is_accepted_with_the_key_and_protocol_that_the_client_asked_for) {
    const auto got = read_upgrade(good + "frames");
    EXPECT_EQ(got.what, verdict::accepted);
    EXPECT_EQ(got.size, good.size());
    EXPECT_THAT(got.answer, StartsWith("HTTP/1.1 101"));
    EXPECT_THAT(got.answer, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    EXPECT_THAT(got.answer, HasSubstr("Sec-WebSocket-Protocol: mqtt\r\n"));
    EXPECT_EQ(read_upgrade(with("mqttv3.1, mqtt", "mqttv3.1")).what, verdict::accepted);
    EXPECT_EQ(read_upgrade(with("/mqtt", "/mqtt?x=1")).what, verdict::accepted);
    EXPECT_EQ(read_upgrade(with("/mqtt", "/")).what, verdict::accepted);
}

TEST(websocket_upgrade, that_is_cut_anywhere_waits_for_the_rest) {
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_EQ(read_upgrade(good.substr(0, size)).what, verdict::incomplete) << size;
    }
}

TEST(websocket_upgrade, is_refused_with_the_status_that_says_why) {
    const auto status = [](const std::string& request) {
        const auto got = read_upgrade(request);
        EXPECT_EQ(got.what, verdict::refused);
        EXPECT_FALSE(got.why.empty());
        return got.answer.substr(0, 12);
    };
    EXPECT_EQ(status(with("/mqtt", "/other")), "HTTP/1.1 404");
    EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 426");
    EXPECT_EQ(status("GET /mqtt HTTP/1.1\r\n\r\n"), "HTTP/1.1 426");
    EXPECT_EQ(status(with("13", "8")), "HTTP/1.1 426");
    EXPECT_EQ(status(with("Upgrade: WebSocket", "Upgrade: h2c")), "HTTP/1.1 426");
    EXPECT_EQ(status(with("GET", "POST")), "HTTP/1.1 400");
    EXPECT_EQ(status(with("HTTP/1.1", "HTTP/1.0")), "HTTP/1.1 400");
    EXPECT_EQ(status(with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==")), "HTTP/1.1 400");
    EXPECT_EQ(status(with("mqttv3.1, mqtt", "chat")), "HTTP/1.1 400");
    EXPECT_EQ(status(with("Host: x", "no colon")), "HTTP/1.1 400");
    EXPECT_EQ(status(with("Host: x", "Content-Length: 5")), "HTTP/1.1 400");
    EXPECT_EQ(status("\x10\x0c\0\x04MQTT"s), "HTTP/1.1 400");
    EXPECT_EQ(status("GET /mqtt HTTP/1.1\r\n" + std::string(9'000, 'x')), "HTTP/1.1 400");
}

std::string frame(std::string_view payload, int opcode = 2, bool is_final = true) {
    const std::string mask = "\x01\x82\xf3\x44";
    std::string all(1, static_cast<char>((is_final ? 0x80 : 0) | opcode));
    char head[websocket::max_head];
    const auto size = websocket::write_head(payload.size(), head);
    head[1] = static_cast<char>(head[1] | 0x80);
    all.append(head + 1, size - 1);
    all += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        all.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    }
    return all;
}

struct reading {
    std::string data;
    bool ended = false;
};

reading read(websocket& socket, std::string bytes, std::size_t piece = SIZE_MAX) {
    reading all;
    for (std::size_t at = 0; at < bytes.size() && !all.ended; at += std::min(piece, bytes.size())) {
        auto part = bytes.substr(at, piece);
        const auto got = socket.receive(part);
        all.data += part.substr(0, got.data);
        all.ended = got.ended;
    }
    return all;
}

TEST(websocket, data_is_one_stream_however_it_is_framed_and_cut) {
    const auto large = std::string(70'000, 'x') + "end";
    const auto bytes = frame("first ") + frame("") + frame("frag", 2, false) + frame("ping", 9) +
                       frame("men", 0, false) + frame("ts ", 0) + frame(std::string(300, 'y')) +
                       frame(large);
    const auto expected = "first fragments " + std::string(300, 'y') + large;
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 1'000U, 1'000'000U}) {
        websocket socket;
        const auto got = read(socket, bytes, piece);
        EXPECT_TRUE(got.data == expected) << piece;
        EXPECT_FALSE(got.ended);
        EXPECT_EQ(socket.control(), "\x8a\x04ping");
    }
}

TEST(websocket, answers_the_last_ping_alone) {
    websocket socket;
    read(socket, frame("one", 9) + frame("pong", 10) + frame("two", 9));
    EXPECT_EQ(socket.control(), "\x8a\x03two");
}

TEST(websocket, answers_a_close_with_a_close) {
    websocket socket;
    const auto got = read(socket, frame("last") + frame("\x03\xe8", 8) + frame("after"));
    EXPECT_EQ(got.data, "last");
    EXPECT_TRUE(got.ended);
    EXPECT_EQ(socket.control(), "\x88\x02\x03\xe8");
    EXPECT_THAT(std::string(socket.why()), HasSubstr("closed"));
    socket.close(1001);
    EXPECT_EQ(socket.control(), "\x88\x02\x03\xe8");
}

TEST(websocket, ends_where_a_rule_is_broken) {
    const auto code_for = [](const std::string& bytes) {
        websocket socket;
        EXPECT_TRUE(read(socket, bytes).ended);
        EXPECT_FALSE(socket.why().empty());
        const auto& said = socket.control();
        return (static_cast<unsigned char>(said[2]) << 8) | static_cast<unsigned char>(said[3]);
    };
    EXPECT_EQ(code_for(frame("text", 1)), 1003);
    EXPECT_EQ(code_for("\x82\x05hello"), 1002);  // not masked
    EXPECT_EQ(code_for(frame("x", 3)), 1002);    // unknown
    EXPECT_EQ(code_for(frame("x", 11)), 1002);   // unknown
    EXPECT_EQ(code_for(frame("x", 0)), 1002);    // continues nothing
    EXPECT_EQ(code_for(frame("x", 2, false) + frame("x")), 1002);
    EXPECT_EQ(code_for(frame("x", 9, false)), 1002);
    EXPECT_EQ(code_for(frame(std::string(126, 'x'), 9)), 1002);
    EXPECT_EQ(code_for("\xc2\x80\0\0\0\0"s), 1002);  // reserved bit
    EXPECT_EQ(code_for("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"s), 1002);
}

TEST(websocket, heads_are_as_short_as_they_can_be) {
    char head[websocket::max_head];
    const auto made = [&](std::size_t size) {
        return std::string(head, websocket::write_head(size, head));
    };
    EXPECT_EQ(made(0), "\x82\0"s);
    EXPECT_EQ(made(125), "\x82\x7d"s);
    EXPECT_EQ(made(126), "\x82\x7e\0\x7e"s);
    EXPECT_EQ(made(65'535), "\x82\x7e\xff\xff"s);
    EXPECT_EQ(made(65'536), "\x82\x7f\0\0\0\0\0\1\0\0"s);
}

}  // namespace
}  // namespace evergrass::mqtt
