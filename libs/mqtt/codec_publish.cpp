#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/text.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

constexpr unsigned retain_flag = 0x01;
constexpr unsigned qos_shift = 1;
constexpr unsigned duplicate_flag = 0x08;

constexpr wire::property_rules publish_properties{
    wire::set_of(property_id::payload_format_indicator, property_id::message_expiry_interval,
                 property_id::topic_alias, property_id::response_topic,
                 property_id::correlation_data, property_id::user_property,
                 property_id::subscription_identifier, property_id::content_type),
    wire::set_of(property_id::user_property, property_id::subscription_identifier)};

bool read_flags(unsigned flags, publish_packet& p, breach& why) {
    const unsigned level = flags >> qos_shift & 3U;
    if (level == 3) [[unlikely]] {
        return refuse(why, reason::malformed_packet, "has QoS 3 [MQTT-3.3.1-4]");
    }
    p.message.level = static_cast<qos>(level);
    p.message.retain = (flags & retain_flag) != 0;
    p.message.duplicate = (flags & duplicate_flag) != 0;
    if (level == 0 && p.message.duplicate) [[unlikely]] {
        return refuse(why, reason::protocol_error,
                      "of QoS 0 says that it is a duplicate [MQTT-3.3.1-2]");
    }
    return true;
}

bool read_publish_properties(sender from, publish_packet& p, breach& why) {
    bool has_subscription_id = false;
    const auto take = [&](const property& each) {
        if (each.id == property_id::topic_alias) {
            p.topic_alias = static_cast<std::uint16_t>(each.number);
        } else if (each.id == property_id::message_expiry_interval) {
            p.message.message_expiry = each.number;
        } else if (each.id == property_id::subscription_identifier) {
            has_subscription_id = true;
        }
    };
    if (!wire::read_properties(p.message.properties, publish_properties, why, take)) {
        return false;
    }
    if (has_subscription_id && from == sender::client) {
        return refuse(why, reason::protocol_error,
                      "of a client has a subscription identifier [MQTT-3.3.4-6]");
    }
    return true;
}

bool check_topic(const publish_packet& p, protocol_version version, breach& why) {
    if (p.message.topic.empty() && version == protocol_version::v5) [[unlikely]] {
        return p.topic_alias != 0 || refuse(why, reason::protocol_error,
                                            "has neither a topic nor an alias [MQTT5 3.3.2.1]");
    }
    if (!wire::topic_name_well(p.message.topic, why)) [[unlikely]] {
        why.subject = "the topic name";
        return false;
    }
    return true;
}

bool read_publish(const frame& f, protocol_version version, sender from, publish_packet& p,
                  breach& why) {
    wire::reader in(f.body);
    if (!read_flags(f.flags, p, why)) {
        return false;
    }
    p.message.topic = in.text();
    if (p.message.level != qos::at_most_once && !wire::read_packet_id(in, p.id, why)) {
        return false;
    }
    if (version == protocol_version::v5) {
        p.message.properties = in.properties();
        if (!read_publish_properties(from, p, why)) {
            return false;
        }
    }
    if (!in.well(why)) {
        return false;
    }
    p.message.payload = in.rest();
    return check_topic(p, version, why);
}

[[gnu::noinline]] bool plain_properties(sender from, publish_packet& p) {
    breach why;
    return read_publish_properties(from, p, why);
}

// What nearly every PUBLISH is: well-formed, on a topic of ASCII, with few properties. False for
// any other, which read_publish has to judge.
inline bool read_plain_publish(const frame& f, protocol_version version, sender from,
                               publish_packet& p) {
    const unsigned level = f.flags >> qos_shift & 3U;
    const bool duplicate = (f.flags & duplicate_flag) != 0;
    const char* at = f.body.data();
    const char* const end = at + f.body.size();
    if (level == 3 || (duplicate && level == 0) || f.body.size() < 2) [[unlikely]] {
        return false;
    }
    const std::size_t topic_bytes = wire::load_u16(at);
    const bool v5 = version == protocol_version::v5;
    const std::size_t after_topic = (level != 0 ? 2U : 0U) + (v5 ? 1U : 0U);
    if (topic_bytes == 0 || f.body.size() < 2 + topic_bytes + after_topic) [[unlikely]] {
        return false;
    }
    p.message.topic = {at + 2, topic_bytes};
    at += 2 + topic_bytes;
    if (level != 0) {
        p.id = wire::load_u16(at);
        at += 2;
    }
    if (v5) {
        const std::size_t list_bytes = static_cast<std::uint8_t>(*at++);
        if (list_bytes >= 128 || list_bytes > static_cast<std::size_t>(end - at)) {
            return false;
        }
        p.message.properties = {at, list_bytes};
        at += list_bytes;
    }
    p.message.payload = {at, static_cast<std::size_t>(end - at)};
    p.message.level = static_cast<qos>(level);
    p.message.retain = (f.flags & retain_flag) != 0;
    p.message.duplicate = duplicate;
    return (level == 0 || p.id != 0) && wire::plain_text(p.message.topic) &&
           (p.message.properties.empty() || plain_properties(from, p));
}

[[gnu::noinline]] void look_closer(const frame& f, protocol_version version, sender from,
                                   decoded<publish_packet>& answer) {
    breach why;
    *answer = {};
    if (!read_publish(f, version, from, *answer, why)) {
        answer = wire::fault_of(f.type, why);
    }
}

// How many bytes the properties take, without their length in front.
inline std::size_t property_bytes(const publish_head& head) {
    std::size_t bytes = head.forwarded.size();
    bytes += head.topic_alias != 0 ? 3 : 0;
    bytes += head.message_expiry ? 5 : 0;
    if (head.subscription_ids != nullptr) {
        for (const auto id : *head.subscription_ids) {
            bytes += 1 + wire::varint_size(id);
        }
    }
    return bytes;
}

struct publish_layout {
    std::size_t properties = 0;
    std::size_t body = 0;  // the payload included
};

inline publish_layout lay_out(protocol_version version, const publish_head& head) {
    publish_layout sizes;
    sizes.body =
        2 + head.topic.size() + (head.level == qos::at_most_once ? 0 : 2) + head.payload_bytes;
    if (version == protocol_version::v5) {
        sizes.properties = property_bytes(head);
        sizes.body += wire::varint_size(sizes.properties) + sizes.properties;
    }
    return sizes;
}

void write_properties(wire::writer& to, const publish_head& head) {
    if (head.topic_alias != 0) {
        to.u8(static_cast<unsigned>(property_id::topic_alias));
        to.u16(head.topic_alias);
    }
    if (head.message_expiry) {
        to.u8(static_cast<unsigned>(property_id::message_expiry_interval));
        to.u32(*head.message_expiry);
    }
    to.bytes(head.forwarded);
    if (head.subscription_ids != nullptr) {
        for (const auto id : *head.subscription_ids) {
            to.u8(static_cast<unsigned>(property_id::subscription_identifier));
            to.varint(id);
        }
    }
}

inline void write_head(wire::writer to, protocol_version version, const publish_head& head,
                       const publish_layout& sizes) {
    const unsigned flags = (head.retain ? retain_flag : 0) |
                           static_cast<unsigned>(head.level) << qos_shift |
                           (head.duplicate ? duplicate_flag : 0);
    to.head(packet_type::publish, flags, sizes.body);
    to.text(head.topic);
    if (head.level != qos::at_most_once) {
        to.u16(head.id);
    }
    if (version == protocol_version::v5) {
        to.varint(sizes.properties);
        if (sizes.properties > 0) {
            write_properties(to, head);
        }
    }
}

}  // namespace

decoded<publish_packet> decode_publish(const frame& f, protocol_version version, sender from) {
    decoded<publish_packet> answer(boost::system::in_place_value);
    if (!read_plain_publish(f, version, from, *answer)) [[unlikely]] {
        look_closer(f, version, from, answer);
    }
    return answer;
}

std::size_t publish_size(protocol_version version, const publish_head& head) {
    return wire::packet_size(lay_out(version, head).body);
}

bool encode_publish_head(std::string& out, protocol_version version, const publish_head& head,
                         std::size_t max_packet_bytes) {
    const auto sizes = lay_out(version, head);
    const std::size_t bytes = wire::packet_size(sizes.body);
    if (bytes > max_packet_bytes) [[unlikely]] {
        return false;
    }
    write_head(wire::writer(out, bytes - head.payload_bytes), version, head, sizes);
    return true;
}

}  // namespace evergrass::mqtt
