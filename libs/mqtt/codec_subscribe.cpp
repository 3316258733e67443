#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/reason_set.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

// The bits of the subscription options (MQTT5 3.8.3.1).
constexpr unsigned qos_bits = 0x03;
constexpr unsigned no_local_bit = 0x04;
constexpr unsigned retain_as_published_bit = 0x08;
constexpr unsigned retain_handling_shift = 4;
constexpr unsigned reserved_bits = 0xC0;

constexpr wire::property_rules subscribe_properties{
    wire::set_of(property_id::subscription_identifier, property_id::user_property)};

constexpr wire::reason_set granted_in_v3{reason::success, reason::granted_qos_1,
                                         reason::granted_qos_2, reason::unspecified_error};
constexpr wire::reason_set granted_in_v5{reason::success,
                                         reason::granted_qos_1,
                                         reason::granted_qos_2,
                                         reason::unspecified_error,
                                         reason::implementation_specific_error,
                                         reason::not_authorized,
                                         reason::topic_filter_invalid,
                                         reason::packet_identifier_in_use,
                                         reason::quota_exceeded,
                                         reason::shared_subscriptions_not_supported,
                                         reason::subscription_identifiers_not_supported,
                                         reason::wildcard_subscriptions_not_supported};

bool read_options(unsigned bits, protocol_version version, subscription_options& options,
                  breach& why) {
    if (version != protocol_version::v5 && bits > 2) {
        return refuse(why, reason::malformed_packet,
                      "asks for a QoS that does not exist [MQTT-3.8.3-4]");
    }
    if ((bits & reserved_bits) != 0) {
        return refuse(why, reason::malformed_packet,
                      "has reserved bits of an option set [MQTT-3.8.3-5]");
    }
    if ((bits & qos_bits) == 3) {
        return refuse(why, reason::protocol_error,
                      "asks for a QoS that does not exist [MQTT5 3.8.3.1]");
    }
    const unsigned handling = bits >> retain_handling_shift & 3U;
    if (handling == 3) {
        return refuse(why, reason::protocol_error,
                      "asks for a retain handling that does not exist [MQTT5 3.8.3.1]");
    }
    options.level = static_cast<qos>(bits & qos_bits);
    options.no_local = (bits & no_local_bit) != 0;
    options.retain_as_published = (bits & retain_as_published_bit) != 0;
    options.retained = static_cast<retain_handling>(handling);
    return true;
}

bool check_filter(const subscribe_packet::request& request, protocol_version version, breach& why) {
    std::optional<shared_filter> shared;
    const bool well =
        wire::topic_filter_well(request.filter, why) &&
        (version != protocol_version::v5 || wire::shared_filter_well(request.filter, shared, why));
    if (!well) {
        why.subject = "a topic filter";
        return false;
    }
    if (shared && request.options.no_local) {
        return refuse(why, reason::protocol_error,
                      "has No Local for a shared subscription [MQTT-3.8.3-4]");
    }
    return true;
}

bool read_subscribe(const frame& f, protocol_version version, subscribe_packet& p, breach& why) {
    wire::reader in(f.body);
    if (!wire::read_packet_id(in, p.id, why)) {
        return false;
    }
    if (version == protocol_version::v5) {
        const auto take = [&](const property& each) {
            if (each.id == property_id::subscription_identifier) {
                p.subscription_id = each.number;
            }
        };
        const auto list = in.properties();
        if (!in.well(why) || !wire::read_properties(list, subscribe_properties, why, take)) {
            return false;
        }
    }
    while (!in.at_end()) {
        subscribe_packet::request request;
        request.filter = in.text();
        const unsigned bits = in.u8();
        if (!in.well(why) || !read_options(bits, version, request.options, why) ||
            !check_filter(request, version, why)) {
            return false;
        }
        p.requests.push_back(request);
    }
    return !p.requests.empty() || refuse(why, reason::protocol_error,
                                         "has no topic filter [MQTT-3.8.3-3, 5.0: MQTT-3.8.3-2]");
}

bool read_suback(const frame& f, protocol_version version, suback_packet& p, breach& why) {
    wire::reader in(f.body);
    if (!wire::read_packet_id(in, p.id, why)) {
        return false;
    }
    const bool v5 = version == protocol_version::v5;
    if (v5) {
        const auto list = in.properties();
        if (!in.well(why) || !wire::read_reason_string(list, p.reason_string, why)) {
            return false;
        }
    }
    p.codes = in.rest();
    if (p.codes.empty()) {
        return refuse(why, reason::protocol_error, "has no reason code [MQTT-3.9.3, MQTT5 3.9.3]");
    }
    for (const auto code : p.codes) {
        if (!(v5 ? granted_in_v5 : granted_in_v3).has(static_cast<std::uint8_t>(code))) {
            return refuse(why, reason::protocol_error,
                          "has a reason code that it may not have [MQTT-3.9.3-2]");
        }
    }
    return true;
}

unsigned options_byte(const subscription_options& options, protocol_version version) {
    const auto level = static_cast<unsigned>(options.level);
    if (version != protocol_version::v5) {
        return level;
    }
    return level | (options.no_local ? no_local_bit : 0) |
           (options.retain_as_published ? retain_as_published_bit : 0) |
           static_cast<unsigned>(options.retained) << retain_handling_shift;
}

}  // namespace

decoded<subscribe_packet> decode_subscribe(const frame& f, protocol_version version) {
    return wire::decode_by<subscribe_packet>(f.type, [&](subscribe_packet& p, breach& why) {
        return read_subscribe(f, version, p, why);
    });
}

decoded<suback_packet> decode_suback(const frame& f, protocol_version version) {
    return wire::decode_by<suback_packet>(
        f.type, [&](suback_packet& p, breach& why) { return read_suback(f, version, p, why); });
}

void encode_subscribe(std::string& out, protocol_version version, const subscribe_packet& p) {
    const bool v5 = version == protocol_version::v5;
    const std::size_t properties =
        p.subscription_id == 0 ? 0 : 1 + wire::varint_size(p.subscription_id);
    std::size_t body = 2 + (v5 ? 1 + properties : 0);
    for (const auto& request : p.requests) {
        body += 2 + request.filter.size() + 1;
    }
    auto to = wire::begin_packet(out, packet_type::subscribe, 2, body);
    to.u16(p.id);
    if (v5) {
        to.varint(properties);
        if (properties > 0) {
            to.u8(static_cast<unsigned>(property_id::subscription_identifier));
            to.varint(p.subscription_id);
        }
    }
    for (const auto& request : p.requests) {
        to.text(request.filter);
        to.u8(options_byte(request.options, version));
    }
}

void encode_suback(std::string& out, protocol_version version, std::uint16_t id,
                   std::string_view codes) {
    const bool v5 = version == protocol_version::v5;
    auto to = wire::begin_packet(out, packet_type::suback, 0, 2 + (v5 ? 1 : 0) + codes.size());
    to.u16(id);
    if (v5) {
        to.varint(0);
        to.bytes(codes);
        return;
    }
    for (const auto code : codes) {
        const auto said = static_cast<reason>(static_cast<std::uint8_t>(code));
        to.u8(static_cast<unsigned>(is_failure(said) ? reason::unspecified_error : said));
    }
}

}  // namespace evergrass::mqtt
