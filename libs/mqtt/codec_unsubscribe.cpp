#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/reason_set.hpp"
#include "libs/mqtt/wire.hpp"

namespace evergrass::mqtt {
namespace {

using wire::breach;
using wire::refuse;

constexpr wire::property_rules unsubscribe_properties{wire::one_of(property_id::user_property)};

constexpr wire::reason_set unsuback_reasons{reason::success,
                                            reason::no_subscription_existed,
                                            reason::unspecified_error,
                                            reason::implementation_specific_error,
                                            reason::not_authorized,
                                            reason::topic_filter_invalid,
                                            reason::packet_identifier_in_use};

bool read_unsubscribe(const frame& f, protocol_version version, unsubscribe_packet& p,
                      breach& why) {
    wire::reader in(f.body);
    if (!wire::read_packet_id(in, p.id, why)) {
        return false;
    }
    if (version == protocol_version::v5) {
        const auto list = in.properties();
        if (!in.well(why) ||
            !wire::read_properties(list, unsubscribe_properties, why, [](const property&) {})) {
            return false;
        }
    }
    while (!in.at_end()) {
        const auto filter = in.text();
        if (!in.well(why)) {
            return false;
        }
        if (!wire::topic_filter_well(filter, why)) {
            why.subject = "a topic filter";
            return false;
        }
        p.filters.push_back(filter);
    }
    return !p.filters.empty() ||
           refuse(why, reason::protocol_error, "has no topic filter [MQTT-3.10.3-2]");
}

bool read_unsuback(const frame& f, protocol_version version, unsuback_packet& p, breach& why) {
    wire::reader in(f.body);
    if (!wire::read_packet_id(in, p.id, why)) {
        return false;
    }
    if (version != protocol_version::v5) {
        return in.finished(why);
    }
    const auto list = in.properties();
    if (!in.well(why) || !wire::read_reason_string(list, p.reason_string, why)) {
        return false;
    }
    p.codes = in.rest();
    if (p.codes.empty()) {
        return refuse(why, reason::protocol_error, "has no reason code [MQTT-3.11.3-1]");
    }
    for (const auto code : p.codes) {
        if (!unsuback_reasons.has(static_cast<std::uint8_t>(code))) {
            return refuse(why, reason::protocol_error,
                          "has a reason code that it may not have [MQTT-3.11.3-2]");
        }
    }
    return true;
}

}  // namespace

decoded<unsubscribe_packet> decode_unsubscribe(const frame& f, protocol_version version) {
    return wire::decode_by<unsubscribe_packet>(f.type, [&](unsubscribe_packet& p, breach& why) {
        return read_unsubscribe(f, version, p, why);
    });
}

decoded<unsuback_packet> decode_unsuback(const frame& f, protocol_version version) {
    return wire::decode_by<unsuback_packet>(
        f.type, [&](unsuback_packet& p, breach& why) { return read_unsuback(f, version, p, why); });
}

void encode_unsubscribe(std::string& out, protocol_version version, std::uint16_t id,
                        std::string_view filter) {
    const bool v5 = version == protocol_version::v5;
    auto to =
        wire::begin_packet(out, packet_type::unsubscribe, 2, 2 + (v5 ? 1 : 0) + 2 + filter.size());
    to.u16(id);
    if (v5) {
        to.varint(0);
    }
    to.text(filter);
}

void encode_unsuback(std::string& out, protocol_version version, std::uint16_t id,
                     std::string_view codes) {
    const bool v5 = version == protocol_version::v5;
    auto to = wire::begin_packet(out, packet_type::unsuback, 0, 2 + (v5 ? 1 + codes.size() : 0));
    to.u16(id);
    if (v5) {
        to.varint(0);
        to.bytes(codes);
    }
}

}  // namespace evergrass::mqtt
