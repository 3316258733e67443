#include "bench/mqtt_load/wire.hpp"

#include <stdexcept>

namespace mqtt_load {
namespace {

[[noreturn]] void malformed(const char* what) {
    throw std::runtime_error(std::string("the broker sent ") + what);
}

void append_u16(std::string& out, std::uint16_t value) {
    out.push_back(static_cast<char>(value >> 8));
    out.push_back(static_cast<char>(value & 0xff));
}

void append_text(std::string& out, std::string_view text) {
    append_u16(out, static_cast<std::uint16_t>(text.size()));
    out.append(text);
}

void append_length(std::string& out, std::size_t length) {
    do {
        auto byte = static_cast<std::uint8_t>(length & 0x7f);
        length >>= 7;
        if (length > 0) {
            byte |= 0x80;
        }
        out.push_back(static_cast<char>(byte));
    } while (length > 0);
}

// Reads from the front of a packet's body.
class reader {
public:
    explicit reader(std::string_view bytes) : bytes_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)[0]); }
    std::uint16_t u16() {
        const auto two = take(2);
        return static_cast<std::uint16_t>(static_cast<std::uint8_t>(two[0]) << 8 |
                                          static_cast<std::uint8_t>(two[1]));
    }
    std::string_view text() { return take(u16()); }
    std::size_t length() {
        std::size_t value = 0;
        for (int shift = 0; shift < 28; shift += 7) {
            const auto byte = u8();
            value |= static_cast<std::size_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) {
                return value;
            }
        }
        malformed("a length of more than four bytes");
    }
    std::string_view take(std::size_t count) {
        if (bytes_.size() < count) {
            malformed("a packet that ends too early");
        }
        const auto taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }
    std::string_view rest() const { return bytes_; }

private:
    std::string_view bytes_;
};

// Skips a property's value; its identifier says how long it is [MQTT5 2.2.2.2].
void skip_property(reader& from, std::size_t identifier) {
    switch (identifier) {
        case 0x01:
        case 0x17:
        case 0x19:
        case 0x24:
        case 0x25:
        case 0x28:
        case 0x29:
        case 0x2a:
            from.take(1);
            return;
        case 0x13:
        case 0x21:
        case 0x22:
        case 0x23:
            from.take(2);
            return;
        case 0x02:
        case 0x11:
        case 0x18:
        case 0x27:
            from.take(4);
            return;
        case 0x0b:
            from.length();
            return;
        case 0x26:
            from.text();
            from.text();
            return;
        case 0x03:
        case 0x08:
        case 0x09:
        case 0x12:
        case 0x15:
        case 0x16:
        case 0x1a:
        case 0x1c:
        case 0x1f:
            from.text();
            return;
        default:
            malformed("a property that MQTT 5 does not have");
    }
}

}  // namespace

void append_connect(std::string& out, protocol version, std::string_view client_id) {
    constexpr std::uint8_t clean_start = 0x02;
    std::string body;
    append_text(body, "MQTT");
    body.push_back(static_cast<char>(version));
    body.push_back(clean_start);
    append_u16(body, 0);  // no keep-alive: a held connection is silent
    if (version == protocol::v5_0) {
        append_length(body, 0);
    }
    append_text(body, client_id);
    out.push_back(0x10);
    append_length(out, body.size());
    out += body;
}

void append_subscribe(std::string& out, protocol version, std::string_view filter,
                      std::uint8_t qos) {
    std::string body;
    append_u16(body, 1);
    if (version == protocol::v5_0) {
        append_length(body, 0);
    }
    append_text(body, filter);
    body.push_back(static_cast<char>(qos));
    out.push_back(static_cast<char>(0x82));
    append_length(out, body.size());
    out += body;
}

void append_puback(std::string& out, std::uint16_t id) {
    const char bytes[] = {0x40, 0x02, static_cast<char>(id >> 8), static_cast<char>(id & 0xff)};
    out.append(bytes, sizeof bytes);
}

void append_pingreq(std::string& out) {
    out.append("\xc0\x00", 2);
}

void append_disconnect(std::string& out, protocol) {
    out.append("\xe0\x00", 2);  // MQTT 5 lets the reason be left out when it is 0
}

std::string publish_head(protocol version, std::string_view topic, std::uint8_t qos,
                         std::size_t payload_size, std::size_t* id_offset) {
    std::string variable;
    append_text(variable, topic);
    const auto id_at = variable.size();
    if (qos > 0) {
        append_u16(variable, 0);
    }
    if (version == protocol::v5_0) {
        append_length(variable, 0);
    }
    std::string head(1, static_cast<char>(0x30 | qos << 1));
    append_length(head, variable.size() + payload_size);
    if (id_offset != nullptr) {
        *id_offset = head.size() + id_at;
    }
    return head + variable;
}

std::optional<packet> next_packet(std::string_view bytes) {
    std::size_t length = 0;
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        if (i > 4) {
            malformed("a length of more than four bytes");
        }
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        length |= static_cast<std::size_t>(byte & 0x7f) << (7 * (i - 1));
        if ((byte & 0x80) != 0) {
            continue;
        }
        if (bytes.size() - i - 1 < length) {
            return std::nullopt;
        }
        const auto first = static_cast<std::uint8_t>(bytes[0]);
        return packet{static_cast<packet_type>(first >> 4), static_cast<std::uint8_t>(first & 0x0f),
                      bytes.substr(i + 1, length), i + 1 + length};
    }
    return std::nullopt;
}

connack read_connack(const packet& p, protocol version) {
    reader from(p.body);
    connack read;
    from.u8();  // session present
    read.code = from.u8();
    if (version == protocol::v5_0) {
        reader properties(from.take(from.length()));
        while (!properties.rest().empty()) {
            const auto identifier = properties.length();
            if (identifier == 0x21) {
                read.receive_maximum = properties.u16();
            } else {
                skip_property(properties, identifier);
            }
        }
    }
    return read;
}

std::uint8_t read_suback_code(const packet& p, protocol version) {
    reader from(p.body);
    from.u16();
    if (version == protocol::v5_0) {
        from.take(from.length());
    }
    return from.u8();
}

publish read_publish(const packet& p, protocol version) {
    reader from(p.body);
    publish read;
    read.qos = p.flags >> 1 & 0x03;
    read.duplicate = (p.flags & 0x08) != 0;
    read.topic = from.text();
    if (read.qos > 0) {
        read.id = from.u16();
    }
    if (version == protocol::v5_0) {
        from.take(from.length());
    }
    read.payload = from.rest();
    return read;
}

std::uint16_t read_puback(const packet& p, protocol version) {
    reader from(p.body);
    const auto id = from.u16();
    if (version == protocol::v5_0 && !from.rest().empty() && from.u8() >= 0x80) {
        malformed("a PUBACK that refuses the message; does the group route its topic?");
    }
    return id;
}

}  // namespace mqtt_load
