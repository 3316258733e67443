#include "cloud/bus/envelope.hpp"

#include "libs/base/errors.hpp"
#include "libs/mqtt/types.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace evergrass::cloud {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t qos_bits = 0x03;
constexpr std::uint8_t retain_bit = 0x04;
constexpr std::uint8_t expires_bit = 0x08;
constexpr auto last_kind = static_cast<std::uint8_t>(told::invocation_changed);

void put(std::string& into, std::uint64_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        into += static_cast<char>(number >> static_cast<unsigned>(shift) & 0xFFU);
    }
}

void put_text(std::string& into, std::string_view text, int length_bytes) {
    put(into, text.size(), length_bytes);
    into += text;
}

std::string begin(told what, std::string_view origin) {
    std::string bytes;
    put(bytes, version, 1);
    put(bytes, static_cast<std::uint8_t>(what), 1);
    put_text(bytes, origin, 1);
    return bytes;
}

struct message_parts {
    std::string_view topic, payload, properties, source;
    mqtt::qos level;
    bool retain;
    std::optional<wall_time> expires_at;
};

void put_message(std::string& bytes, const message_parts& m) {
    std::uint8_t flags = static_cast<std::uint8_t>(m.level);
    flags |= m.retain ? retain_bit : 0;
    flags |= m.expires_at ? expires_bit : 0;
    put(bytes, flags, 1);
    if (m.expires_at) {
        put(bytes, static_cast<std::uint64_t>(to_epoch_milliseconds(*m.expires_at)), 8);
    }
    put_text(bytes, m.topic, 2);
    put_text(bytes, m.source, 2);
    put_text(bytes, m.properties, 4);
    put_text(bytes, m.payload, 4);
}

// Reads from the front; what is missing is remembered and read as nothing.
class reader {
public:
    explicit reader(std::string_view bytes) : left_(bytes) {}

    std::uint64_t number(int bytes) {
        std::uint64_t value = 0;
        for (const char each : take(static_cast<std::size_t>(bytes))) {
            value = value << 8U | static_cast<unsigned char>(each);
        }
        return value;
    }
    std::string_view text(int length_bytes) {
        return take(static_cast<std::size_t>(number(length_bytes)));
    }
    bool is_done() const { return !short_ && left_.empty(); }

private:
    std::string_view take(std::size_t count) {
        if (count > left_.size()) {
            short_ = true;
            left_ = {};
            return {};
        }
        const auto taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }

    std::string_view left_;
    bool short_ = false;
};

error bad(std::string what) {
    return {errc::invalid_input, "a message of the bus " + std::move(what)};
}

result<mqtt::message_ptr> read_message(reader& from) {
    auto made = std::make_shared<mqtt::stored_message>();
    const auto flags = static_cast<std::uint8_t>(from.number(1));
    if ((flags & ~(qos_bits | retain_bit | expires_bit)) != 0 || (flags & qos_bits) > 1) {
        return bad("has flags that nobody knows");
    }
    made->level = static_cast<mqtt::qos>(flags & qos_bits);
    made->retain = (flags & retain_bit) != 0;
    if ((flags & expires_bit) != 0) {
        // 2200-01-01: what is later is as good as never, and wall_time cannot hold all of it.
        constexpr std::uint64_t latest = 7'258'118'400'000;
        const auto at = from.number(8);
        if (at < latest) {
            made->expires_at = wall_time(std::chrono::milliseconds(at));
        }
    }
    made->topic = from.text(2);
    made->source = from.text(2);
    made->properties = from.text(4);
    made->payload = std::make_shared<const std::string>(from.text(4));
    if (!from.is_done()) {
        return bad("is shorter or longer than it says");
    }
    if (!mqtt::check_topic_name(made->topic)) {
        return bad("has no topic");
    }
    return mqtt::message_ptr(std::move(made));
}

}  // namespace

std::string encode_envelope(const envelope& said) {
    auto bytes = begin(said.what, said.origin);
    if (said.what == told::message) {
        const auto& m = *said.message;
        put_message(bytes,
                    {m.topic, *m.payload, m.properties, m.source, m.level, m.retain, m.expires_at});
    } else {
        put_text(bytes, said.name, 2);
        put(bytes, said.number, 8);
    }
    return bytes;
}

std::string encode_message(std::string_view origin, const mqtt::publication& message) {
    auto bytes = begin(told::message, origin);
    std::optional<wall_time> expires_at;
    if (const auto left = message.expiry_left()) {
        expires_at = message.now() + std::chrono::seconds(*left);
    }
    put_message(bytes, {message.topic(), message.payload(), message.forwarded(), message.source(),
                        message.level(), message.retain(), expires_at});
    return bytes;
}

result<envelope> decode_envelope(std::string_view bytes) {
    reader from(bytes);
    if (from.number(1) != version) {
        return error{errc::unsupported,
                     "a message of the bus is of another version of Evergrass; run the same one on "
                     "all nodes"};
    }
    envelope read;
    const auto kind = static_cast<std::uint8_t>(from.number(1));
    if (kind == 0 || kind > last_kind) {
        return bad("is of no kind that is known");
    }
    read.what = static_cast<told>(kind);
    read.origin = from.text(1);
    if (read.origin.empty()) {
        return bad("does not say who sent it");
    }
    if (read.what == told::message) {
        auto message = read_message(from);
        if (!message) {
            return message.error();
        }
        read.message = std::move(*message);
        return read;
    }
    read.name = from.text(2);
    read.number = from.number(8);
    if (!from.is_done()) {
        return bad("is shorter or longer than it says");
    }
    return read;
}

}  // namespace evergrass::cloud
