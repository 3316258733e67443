#include "libs/http/websocket.hpp"

#include <gtest/gtest.h>

namespace evergrass::http {
namespace {

constexpr std::string_view spoken[] = {"mqtt", "mqttv3.1"};

// RFC 6455's own example (§1.3), for MQTT.
request example() {
    request asked;
    asked.method = "GET";
    asked.target = "/mqtt";
    asked.headers.add("Host", "server.example.com");
    asked.headers.add("Upgrade", "websocket");
    asked.headers.add("Connection", "keep-alive, Upgrade");
    asked.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    asked.headers.add("Sec-WebSocket-Version", "13");
    asked.headers.add("Sec-WebSocket-Protocol", "mqttv3.1, mqtt");
    return asked;
}

int status_of(const request& asked) {
    return answer_websocket(asked, spoken).status;
}

TEST(websocket_request, the_example_of_the_standard_is_accepted) {
    const auto answer = answer_websocket(example(), spoken);
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.headers.get("upgrade"), "websocket");
    EXPECT_EQ(answer.headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(answer.headers.get("sec-websocket-protocol"), "mqtt");
}

TEST(websocket_request, names_compare_without_case_and_protocols_with) {
    auto asked = example();
    asked.headers.set("Upgrade", "WebSocket");
    asked.headers.set("Connection", "UPGRADE");
    EXPECT_EQ(status_of(asked), 101);
    asked.headers.set("Sec-WebSocket-Protocol", "MQTT");
    EXPECT_EQ(status_of(asked), 400);
}

TEST(websocket_request, our_order_of_protocols_decides) {
    auto asked = example();
    asked.headers.set("Sec-WebSocket-Protocol", "soap ,mqttv3.1");
    EXPECT_EQ(answer_websocket(asked, spoken).headers.get("sec-websocket-protocol"), "mqttv3.1");
    asked.headers.add("Sec-WebSocket-Protocol", "mqtt");
    EXPECT_EQ(answer_websocket(asked, spoken).headers.get("sec-websocket-protocol"), "mqtt");
}

TEST(websocket_request, what_the_standard_wants_must_be_there) {
    const auto with = [](std::string_view name, std::string value) {
        auto asked = example();
        asked.headers.set(name, std::move(value));
        return status_of(asked);
    };
    EXPECT_EQ(with("Connection", "close"), 400);
    EXPECT_EQ(with("Upgrade", "h2c"), 400);
    EXPECT_EQ(with("Sec-WebSocket-Version", "8"), 426);
    EXPECT_EQ(with("Sec-WebSocket-Key", "c2hvcnQ="), 400);
    EXPECT_EQ(with("Sec-WebSocket-Key", "not base64"), 400);
    EXPECT_EQ(with("Sec-WebSocket-Protocol", ","), 400);
    auto posted = example();
    posted.method = "POST";
    EXPECT_EQ(status_of(posted), 405);
    auto twice = example();
    twice.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    EXPECT_EQ(status_of(twice), 400);
}

TEST(websocket_request, other_requests_do_not_ask_for_one) {
    auto asked = example();
    EXPECT_TRUE(asks_for_websocket(asked));
    asked.headers.set("Upgrade", "h2c");
    EXPECT_FALSE(asks_for_websocket(asked));
    EXPECT_FALSE(asks_for_websocket({}));
}

}  // namespace
}  // namespace evergrass::http
