#include "libs/mqtt/property.hpp"

#include "libs/mqtt/property_rules.hpp"
#include "libs/mqtt/text.hpp"

namespace evergrass::mqtt {
namespace {

using wire::property_kind;

constexpr wire::property_set not_forwarded =
    wire::set_of(property_id::topic_alias, property_id::message_expiry_interval,
                 property_id::subscription_identifier, property_id::will_delay_interval);

constexpr wire::property_set never_0 =
    wire::set_of(property_id::receive_maximum, property_id::maximum_packet_size,
                 property_id::subscription_identifier, property_id::topic_alias);

std::string_view name_of(property_id id) {
    switch (id) {
        case property_id::payload_format_indicator:
            return "payload format indicator";
        case property_id::message_expiry_interval:
            return "message expiry interval";
        case property_id::content_type:
            return "content type";
        case property_id::response_topic:
            return "response topic";
        case property_id::correlation_data:
            return "correlation data";
        case property_id::subscription_identifier:
            return "subscription identifier";
        case property_id::session_expiry_interval:
            return "session expiry interval";
        case property_id::assigned_client_identifier:
            return "assigned client identifier";
        case property_id::server_keep_alive:
            return "server keep alive";
        case property_id::authentication_method:
            return "authentication method";
        case property_id::authentication_data:
            return "authentication data";
        case property_id::request_problem_information:
            return "request problem information";
        case property_id::will_delay_interval:
            return "will delay interval";
        case property_id::request_response_information:
            return "request response information";
        case property_id::response_information:
            return "response information";
        case property_id::server_reference:
            return "server reference";
        case property_id::reason_string:
            return "reason string";
        case property_id::receive_maximum:
            return "receive maximum";
        case property_id::topic_alias_maximum:
            return "topic alias maximum";
        case property_id::topic_alias:
            return "topic alias";
        case property_id::maximum_qos:
            return "maximum QoS";
        case property_id::retain_available:
            return "retain available";
        case property_id::user_property:
            return "user property";
        case property_id::maximum_packet_size:
            return "maximum packet size";
        case property_id::wildcard_subscription_available:
            return "wildcard subscription available";
        case property_id::subscription_identifier_available:
            return "subscription identifier available";
        case property_id::shared_subscription_available:
            return "shared subscription available";
    }
    return "property";
}

property_kind kind_of_byte(std::uint8_t id) {
    return id < wire::property_ids ? wire::property_kinds[id] : property_kind::none;
}

// One property. False for bytes that are none: one that does not exist, or `in` has failed.
inline bool read_form(wire::reader& in, property& p) {
    const char* const begin = in.position();
    const auto id = in.u8();  // a variable byte integer, of which all that exist are below 128
    p.id = static_cast<property_id>(id);
    p.number = 0;
    p.text = p.value = {};
    switch (kind_of_byte(id)) {
        case property_kind::byte:
            p.number = in.u8();
            break;
        case property_kind::u16:
            p.number = in.u16();
            break;
        case property_kind::u32:
            p.number = in.u32();
            break;
        case property_kind::varint:
            p.number = in.varint();
            break;
        case property_kind::text:
        case property_kind::binary:
            p.text = in.text();
            break;
        case property_kind::pair:
            p.text = in.text();
            p.value = in.text();
            break;
        case property_kind::none:
            return false;
    }
    p.raw = {begin, static_cast<std::size_t>(in.position() - begin)};
    return !in.failed();
}

// --- Rules ---------------------------------------------------------------------------------------

[[gnu::cold, gnu::noinline]] bool refuse_property(property_id id, reason code,
                                                  std::string_view what, wire::breach& why) {
    why = {code, name_of(id), what};
    return false;
}

[[gnu::cold, gnu::noinline]] bool refuse_form(const wire::reader& in, wire::breach& why) {
    return wire::refuse(why, reason::malformed_packet,
                        in.failed() ? "has a property that is cut short, or a variable byte "
                                      "integer of more bytes than it may have [MQTT5 2.2.2.1]"
                                    : "has a property that does not exist [MQTT5 2.2.2.2]");
}

bool response_topic_well(std::string_view topic, wire::breach& why) {
    if (wire::topic_name_well(topic, why)) {
        return true;
    }
    // The topic of the message itself is what topic_name_invalid is about.
    return refuse_property(
        property_id::response_topic,
        why.code == reason::topic_name_invalid ? reason::protocol_error : why.code, why.what, why);
}

inline bool text_well(property_id id, std::string_view text, wire::breach& why) {
    return wire::plain_text(text) || wire::check_text(text, name_of(id), why);
}

inline bool value_well(const property& p, wire::breach& why) {
    switch (wire::kind_of(p.id)) {
        case property_kind::byte:
            return p.number <= 1 || refuse_property(p.id, reason::protocol_error,
                                                    "is neither 0 nor 1 [MQTT5 2.2.2.2]", why);
        case property_kind::text:
            return p.id == property_id::response_topic ? response_topic_well(p.text, why)
                                                       : text_well(p.id, p.text, why);
        case property_kind::pair:
            return text_well(p.id, p.text, why) && text_well(p.id, p.value, why);
        default:
            return true;
    }
}

}  // namespace

std::optional<property> property_reader::next() {
    if (rest_.empty() || failed_) {
        return std::nullopt;
    }
    std::optional<property> p(std::in_place);
    wire::reader in(rest_);
    if (!read_form(in, *p)) {
        failed_ = true;
        p.reset();
        return p;
    }
    rest_ = in.rest();
    return p;
}

bool wire::read_property(reader& in, property& p, const property_rules& rules, property_set& seen,
                         breach& why) {
    if (!read_form(in, p)) [[unlikely]] {
        return refuse_form(in, why);
    }
    const auto it = one_of(p.id);
    if ((it & rules.allowed) == 0) [[unlikely]] {
        return refuse_property(p.id, reason::malformed_packet,
                               "is a property of other packets [MQTT5 2.2.2.2]", why);
    }
    if ((it & seen & ~rules.repeated) != 0) [[unlikely]] {
        return refuse_property(p.id, reason::protocol_error, "is there twice [MQTT5 2.2.2.2]", why);
    }
    seen |= it;
    if (p.number == 0 && (it & never_0) != 0) [[unlikely]] {
        return refuse_property(
            p.id,
            p.id == property_id::topic_alias ? reason::topic_alias_invalid : reason::protocol_error,
            "is 0 [MQTT-3.3.2-8, MQTT5 3.1.2.11, 3.8.2.1.2]", why);
    }
    return value_well(p, why);
}

bool wire::read_reason_string(std::string_view list, std::string_view& reason_string, breach& why) {
    return read_properties(list, answer_properties, why, [&](const property& p) {
        if (p.id == property_id::reason_string) {
            reason_string = p.text;
        }
    });
}

std::string_view forwarded_properties(std::string_view list, std::string& scratch) {
    property_reader in(list);
    std::string_view run;  // the first properties in a row that stay
    bool copied = false;
    while (const auto p = in.next()) {
        if ((wire::one_of(p->id) & not_forwarded) != 0) {
            continue;
        }
        if (run.empty()) {
            run = p->raw;
        } else if (!copied && run.data() + run.size() == p->raw.data()) {
            run = {run.data(), run.size() + p->raw.size()};
        } else {
            if (!copied) {
                scratch.assign(run);
                copied = true;
            }
            scratch.append(p->raw);
        }
    }
    return copied ? std::string_view(scratch) : run;
}

void put_property(std::string& out, property_id id, std::uint32_t number) {
    const auto kind = wire::kind_of(id);
    const std::size_t width = kind == property_kind::byte  ? 1
                              : kind == property_kind::u16 ? 2
                              : kind == property_kind::u32 ? 4
                                                           : wire::varint_size(number);
    wire::writer to(out, 1 + width);
    to.u8(static_cast<unsigned>(id));
    if (kind == property_kind::byte) {
        to.u8(number);
    } else if (kind == property_kind::u16) {
        to.u16(number);
    } else if (kind == property_kind::u32) {
        to.u32(number);
    } else {
        to.varint(number);
    }
}

void put_property(std::string& out, property_id id, std::string_view text) {
    wire::writer to(out, 1 + 2 + text.size());
    to.u8(static_cast<unsigned>(id));
    to.text(text);
}

void put_user_property(std::string& out, std::string_view name, std::string_view value) {
    wire::writer to(out, 1 + 2 + name.size() + 2 + value.size());
    to.u8(static_cast<unsigned>(property_id::user_property));
    to.text(name);
    to.text(value);
}

}  // namespace evergrass::mqtt
