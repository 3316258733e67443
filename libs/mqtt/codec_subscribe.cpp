#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

// The packet id and one filter after it have been read, or the packet is at fault.
result<void> check_filter(const frame& f, const wire::reader& in, std::string_view filter) {
    if (in.failed()) {
        return wire::malformed(f, "is cut short");
    }
    if (auto checked = check_topic_filter(filter); !checked) {
        return with_context(checked.error(), std::string(to_string(f.type)));
    }
    return {};
}

result<std::uint16_t> read_id(const frame& f, wire::reader& in) {
    const auto id = in.u16();
    if (in.failed()) {
        return wire::malformed(f, "is cut short");
    }
    if (id == 0) {
        return wire::malformed(f, "has packet id 0 [MQTT-2.3.1-1]");
    }
    return id;
}

}  // namespace

result<subscribe_packet> decode_subscribe(const frame& f) {
    wire::reader in(f.body);
    subscribe_packet p;
    const auto id = read_id(f, in);
    if (!id) {
        return id.error();
    }
    p.id = *id;
    while (!in.at_end()) {
        const auto filter = in.text();
        const auto options = in.u8();
        if (auto checked = check_filter(f, in, filter); !checked) {
            return checked.error();
        }
        if (options > 2) {
            return wire::malformed(f, "asks for a QoS that does not exist [MQTT-3.8.3-4]");
        }
        p.requests.push_back({filter, static_cast<qos>(options)});
    }
    if (p.requests.empty()) {
        return wire::malformed(f, "has no topic filter [MQTT-3.8.3-3]");
    }
    return p;
}

result<suback_packet> decode_suback(const frame& f) {
    wire::reader in(f.body);
    suback_packet p;
    const auto id = read_id(f, in);
    if (!id) {
        return id.error();
    }
    p.id = *id;
    p.codes = in.rest();
    if (p.codes.empty()) {
        return wire::malformed(f, "has no return code [MQTT-3.9.3]");
    }
    for (const auto code : p.codes) {
        const auto value = static_cast<std::uint8_t>(code);
        if (value > 2 && value != suback_failure) {
            return wire::malformed(f, "has a return code that does not exist [MQTT-3.9.3-2]");
        }
    }
    return p;
}

result<unsubscribe_packet> decode_unsubscribe(const frame& f) {
    wire::reader in(f.body);
    unsubscribe_packet p;
    const auto id = read_id(f, in);
    if (!id) {
        return id.error();
    }
    p.id = *id;
    while (!in.at_end()) {
        const auto filter = in.text();
        if (auto checked = check_filter(f, in, filter); !checked) {
            return checked.error();
        }
        p.filters.push_back(filter);
    }
    if (p.filters.empty()) {
        return wire::malformed(f, "has no topic filter [MQTT-3.10.3-2]");
    }
    return p;
}

void encode_subscribe(std::string& out, std::uint16_t id, std::string_view filter, qos wanted) {
    wire::put_fixed_header(out, packet_type::subscribe, 2, 2 + 2 + filter.size() + 1);
    wire::put_u16(out, id);
    wire::put_text(out, filter);
    wire::put_u8(out, static_cast<unsigned>(wanted));
}

void encode_suback(std::string& out, std::uint16_t id, std::string_view codes) {
    wire::put_fixed_header(out, packet_type::suback, 0, 2 + codes.size());
    wire::put_u16(out, id);
    out += codes;
}

void encode_unsubscribe(std::string& out, std::uint16_t id, std::string_view filter) {
    wire::put_fixed_header(out, packet_type::unsubscribe, 2, 2 + 2 + filter.size());
    wire::put_u16(out, id);
    wire::put_text(out, filter);
}

}  // namespace evergrass::mqtt
