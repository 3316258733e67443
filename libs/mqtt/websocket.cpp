#include "libs/mqtt/websocket.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace evergrass::mqtt {
namespace {

// RFC 6455 5.2 and 7.4.1.
enum opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close_frame = 8,
    ping = 9,
    pong = 10,
};
constexpr std::uint16_t normal_closure = 1000;
constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t unacceptable_data = 1003;
constexpr std::size_t max_control_payload = 125;

constexpr char final_bit = '\x80';
constexpr unsigned mask_bit = 0x80;

unsigned byte_of(char c) {
    return static_cast<unsigned char>(c);
}

bool is_control(std::uint8_t opcode) {
    return opcode >= close_frame;
}

std::uint64_t big_endian(const char* bytes, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8U | byte_of(bytes[i]);
    }
    return value;
}

// `to` may lie before `from`. Eight bytes at a time: the mask is four.
void unmask(char* to, const char* from, std::size_t size, const std::array<char, 4>& mask,
            std::uint64_t position) {
    std::array<char, 8> turned{};
    for (std::size_t i = 0; i < turned.size(); ++i) {
        turned[i] = mask[(position + i) % mask.size()];
    }
    std::uint64_t key = 0;
    std::memcpy(&key, turned.data(), sizeof key);
    std::size_t i = 0;
    for (; i + sizeof key <= size; i += sizeof key) {
        std::uint64_t word = 0;
        std::memcpy(&word, from + i, sizeof word);
        word ^= key;
        std::memcpy(to + i, &word, sizeof word);
    }
    for (; i < size; ++i) {
        to[i] = static_cast<char>(byte_of(from[i]) ^ byte_of(turned[i % turned.size()]));
    }
}

// A whole control frame.
void put_control(std::string& out, opcode what, std::string_view payload) {
    out.push_back(static_cast<char>(byte_of(final_bit) | what));
    out.push_back(static_cast<char>(payload.size()));
    out += payload;
}

// How long a frame's head is, by its second byte.
std::size_t head_length(char second) {
    const auto length = byte_of(second) & 0x7FU;
    return 2 + (length == 126 ? 2U : length == 127 ? 8U : 0U) + 4;
}

}  // namespace

std::size_t websocket::write_head(std::size_t size, char* into) {
    into[0] = static_cast<char>(byte_of(final_bit) | binary);
    std::size_t bytes = 0;
    if (size < 126) {
        into[1] = static_cast<char>(size);
    } else if (size <= 0xFFFF) {
        into[1] = 126;
        bytes = 2;
    } else {
        into[1] = 127;
        bytes = 8;
    }
    for (std::size_t i = 0; i < bytes; ++i) {
        into[2 + i] = static_cast<char>(std::uint64_t{size} >> (8 * (bytes - 1 - i)));
    }
    return 2 + bytes;
}

bool websocket::fail(std::uint16_t code, std::string_view why) {
    ended_ = true;
    why_ = why;
    close(code);
    return false;
}

void websocket::close(std::uint16_t code) {
    if (!close_sent_) {
        close_sent_ = true;
        const char payload[] = {static_cast<char>(code >> 8U), static_cast<char>(code)};
        put_control(control_, close_frame, {payload, sizeof payload});
    }
}

bool websocket::take_head() {
    const auto first = byte_of(head_[0]);
    if ((first & 0x70U) != 0) {
        return fail(protocol_error, "a frame has a reserved bit set [RFC 6455 5.2]");
    }
    if ((byte_of(head_[1]) & mask_bit) == 0) {
        return fail(protocol_error, "a frame is not masked [RFC 6455 5.1]");
    }
    const bool is_final = (first & byte_of(final_bit)) != 0;
    opcode_ = static_cast<std::uint8_t>(first & 0x0FU);
    const std::size_t length_bytes = head_size_ - 2U - 4U;
    const auto length =
        length_bytes == 0 ? byte_of(head_[1]) & 0x7FU : big_endian(head_.data() + 2, length_bytes);
    if (is_control(opcode_)) {
        if (!is_final || length > max_control_payload) {
            return fail(protocol_error, "a control frame is in fragments or too long");
        }
        if (opcode_ > pong) {
            return fail(protocol_error, "a frame has an unknown opcode");
        }
        return begin_frame(length);
    }
    if (opcode_ == text) {
        return fail(unacceptable_data, "a text frame came [MQTT-6.0.0-1]");
    }
    if (opcode_ > binary || (opcode_ == continuation) != in_message_) {
        return fail(protocol_error, "a frame is no part of a message, or of another one");
    }
    if (length >> 63U != 0) {
        return fail(protocol_error, "a frame's length has its highest bit set");
    }
    in_message_ = !is_final;
    return begin_frame(length);
}

bool websocket::begin_frame(std::uint64_t length) {
    std::memcpy(mask_.data(), head_.data() + head_size_ - mask_.size(), mask_.size());
    head_size_ = 0;
    left_ = length;
    position_ = 0;
    in_frame_ = true;
    return true;
}

bool websocket::end_control() {
    const auto payload = std::exchange(payload_, {});
    if (opcode_ == ping && !close_sent_) {
        // Only the last of several has to be answered (RFC 6455 5.5.3), so that a client that pings
        // and does not read fills no memory.
        control_.clear();
        put_control(control_, pong, payload);
    } else if (opcode_ == close_frame) {
        return fail(normal_closure, "the client closed the WebSocket");
    }
    return true;
}

websocket::received websocket::receive(std::span<char> bytes) {
    received result;
    std::size_t at = 0;
    while (!ended_ && (at < bytes.size() || (in_frame_ && left_ == 0))) {
        if (!in_frame_) {
            head_[head_size_++] = bytes[at++];
            if (head_size_ >= 2 && head_size_ == head_length(head_[1])) {
                take_head();
            }
            continue;
        }
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
        if (is_control(opcode_)) {
            const auto start = payload_.size();
            payload_.resize(start + count);
            unmask(payload_.data() + start, bytes.data() + at, count, mask_, position_);
        } else {
            unmask(bytes.data() + result.data, bytes.data() + at, count, mask_, position_);
            result.data += count;
        }
        at += count;
        left_ -= count;
        position_ += count;
        if (left_ == 0) {
            in_frame_ = false;
            if (is_control(opcode_)) {
                end_control();
            }
        }
    }
    result.ended = ended_;
    return result;
}

}  // namespace evergrass::mqtt
