#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

constexpr unsigned retain_flag = 0x01;
constexpr unsigned qos_shift = 1;
constexpr unsigned duplicate_flag = 0x08;

std::size_t body_size(std::size_t topic_bytes, std::size_t payload_bytes, qos level) {
    return 2 + topic_bytes + (level == qos::at_most_once ? 0 : 2) + payload_bytes;
}

}  // namespace

result<publish_packet> decode_publish(const frame& f) {
    const unsigned level = f.flags >> qos_shift & 3U;
    if (level == 3) {
        return wire::malformed(f, "has QoS 3 [MQTT-3.3.1-4]");
    }
    publish_packet p;
    p.message.level = static_cast<qos>(level);
    p.message.retain = (f.flags & retain_flag) != 0;
    p.message.duplicate = (f.flags & duplicate_flag) != 0;
    if (level == 0 && p.message.duplicate) {
        return wire::malformed(f, "of QoS 0 says it is a duplicate [MQTT-3.3.1-2]");
    }
    wire::reader in(f.body);
    p.message.topic = in.text();
    if (level > 0) {
        p.id = in.u16();
    }
    p.message.payload = in.rest();
    if (in.failed()) {
        return wire::malformed(f, "is cut short");
    }
    if (level > 0 && p.id == 0) {
        return wire::malformed(f, "has packet id 0 [MQTT-2.3.1-1]");
    }
    if (auto checked = check_topic_name(p.message.topic); !checked) {
        return with_context(checked.error(), "PUBLISH");
    }
    return p;
}

std::size_t publish_size(std::size_t topic_bytes, std::size_t payload_bytes, qos level) {
    const auto body = body_size(topic_bytes, payload_bytes, level);
    return 1 + (body < 128 ? 1 : body < 16'384 ? 2 : body < 2'097'152 ? 3 : 4) + body;
}

void encode_publish_head(std::string& out, std::string_view topic, std::size_t payload_bytes,
                         qos level, bool retain, bool duplicate, std::uint16_t id) {
    const unsigned flags = (retain ? retain_flag : 0) | static_cast<unsigned>(level) << qos_shift |
                           (duplicate ? duplicate_flag : 0);
    wire::put_fixed_header(out, packet_type::publish, flags,
                           body_size(topic.size(), payload_bytes, level));
    wire::put_text(out, topic);
    if (level != qos::at_most_once) {
        wire::put_u16(out, id);
    }
}

}  // namespace evergrass::mqtt
