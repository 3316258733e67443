#include "libs/mqtt/property_rules.hpp"
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

inline bool read_publish(const frame& f, protocol_version version, sender from, publish_packet& p,
                         breach& why) {
    if (!read_flags(f.flags, p, why)) [[unlikely]] {
        return false;
    }
    wire::reader in(f.body);
    p.message.topic = in.text();
    if (p.message.level != qos::at_most_once && !wire::read_packet_id(in, p.id, why)) [[unlikely]] {
        return false;
    }
    if (version == protocol_version::v5) {
        p.message.properties = in.properties();
        if (!p.message.properties.empty() && !read_publish_properties(from, p, why)) {
            return false;
        }
    }
    if (!in.well(why)) [[unlikely]] {
        return false;
    }
    p.message.payload = in.rest();
    return check_topic(p, version, why);
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

}  // namespace

decoded<publish_packet> decode_publish(const frame& f, protocol_version version, sender from) {
    return wire::decode_by<publish_packet>(f.type, [&](publish_packet& p, breach& why) {
        return read_publish(f, version, from, p, why);
    });
}

std::size_t publish_size(protocol_version version, const publish_head& head) {
    return wire::packet_size(lay_out(version, head).body);
}

void encode_publish_head(std::string& out, protocol_version version, const publish_head& head) {
    const auto sizes = lay_out(version, head);
    const unsigned flags = (head.retain ? retain_flag : 0) |
                           static_cast<unsigned>(head.level) << qos_shift |
                           (head.duplicate ? duplicate_flag : 0);
    wire::writer to(out, wire::packet_size(sizes.body) - head.payload_bytes);
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

}  // namespace evergrass::mqtt
