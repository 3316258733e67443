#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// The server's side of WebSocket (RFC 6455) as MQTT uses it (MQTT 6): bytes in, bytes out.
namespace evergrass::mqtt {

// What a client's first bytes on a WebSocket port are.
struct upgrade_request {
    enum class verdict {
        incomplete,  // more has to come
        accepted,
        refused,
    } what = verdict::incomplete;
    std::size_t size = 0;  // accepted: of the request; frames follow
    std::string answer;    // accepted, refused: to be written
    std::string why;       // refused: for the log
};
// A GET of /mqtt (or of / by a client that was told no path) that offers the subprotocol "mqtt" or
// "mqttv3.1" [MQTT-6.0.0-3]. At most 8 KiB. Refusals are HTTP answers: 404 for another path, 426
// where no WebSocket of version 13 is asked for, 400 for all else.
upgrade_request read_upgrade(std::string_view received);

// The frames of one connection after that. MQTT packets and frames have nothing to do with each
// other [MQTT-6.0.0-2]: data comes out as one stream.
class websocket {
public:
    struct received {
        std::size_t data = 0;  // bytes of MQTT, moved to the front
        bool ended = false;    // the client closed, or broke a rule: nothing after it counts
    };
    // Takes all of `bytes`, and keeps what it needs of an unfinished frame.
    received receive(std::span<char> bytes);

    // Frames that are to go out before the next data, between whole frames: an answer to the last
    // ping, a close frame at the end. Empty mostly.
    std::string& control() { return control_; }
    const std::string& control() const { return control_; }

    // Why it ended: "the client closed the WebSocket", or the broken rule.
    std::string_view why() const { return why_; }

    // Queues a close frame, once.
    void close(std::uint16_t code);

    // The head of a binary frame of `size` bytes [MQTT-6.0.0-1]; its length.
    static constexpr std::size_t max_head = 10;
    static std::size_t write_head(std::size_t size, char* into);

private:
    bool take_head();
    bool begin_frame(std::uint64_t length);
    bool end_control();
    bool fail(std::uint16_t code, std::string_view why);

    std::array<char, 14> head_{};
    std::uint8_t head_size_ = 0;
    std::uint8_t opcode_ = 0;  // of the frame whose payload is coming
    bool in_frame_ = false;    // its head is complete
    bool in_message_ = false;  // a fragment came, and not yet the last
    bool ended_ = false;
    bool close_sent_ = false;
    std::array<char, 4> mask_{};
    std::uint64_t left_ = 0;      // bytes of payload to come
    std::uint64_t position_ = 0;  // in the payload
    std::string payload_;         // of a control frame
    std::string control_;
    std::string_view why_;
};

}  // namespace evergrass::mqtt
