#pragma once

#include "libs/mqtt/property.hpp"
#include "libs/mqtt/wire.hpp"

#include <array>
#include <cstdint>
#include <string_view>

// Which properties there are and what they may say, for the codec's own files.
namespace evergrass::mqtt::wire {

enum class property_kind : std::uint8_t { none, byte, u16, u32, varint, text, binary, pair };

inline constexpr std::size_t property_ids =
    64;  // identifiers below; none of the standard's is above

constexpr std::array<property_kind, property_ids> make_property_kinds() {
    using id = property_id;
    std::array<property_kind, property_ids> kinds{};
    const auto set = [&](property_kind kind, std::initializer_list<property_id> ids) {
        for (const auto each : ids) {
            kinds.at(static_cast<std::size_t>(each)) = kind;
        }
    };
    set(property_kind::byte,
        {id::payload_format_indicator, id::request_problem_information,
         id::request_response_information, id::maximum_qos, id::retain_available,
         id::wildcard_subscription_available, id::subscription_identifier_available,
         id::shared_subscription_available});
    set(property_kind::u16,
        {id::server_keep_alive, id::receive_maximum, id::topic_alias_maximum, id::topic_alias});
    set(property_kind::u32, {id::message_expiry_interval, id::session_expiry_interval,
                             id::will_delay_interval, id::maximum_packet_size});
    set(property_kind::varint, {id::subscription_identifier});
    set(property_kind::text, {id::content_type, id::response_topic, id::assigned_client_identifier,
                              id::authentication_method, id::response_information,
                              id::server_reference, id::reason_string});
    set(property_kind::binary, {id::correlation_data, id::authentication_data});
    set(property_kind::pair, {id::user_property});
    return kinds;
}
inline constexpr auto property_kinds = make_property_kinds();

inline property_kind kind_of(property_id id) {
    return property_kinds[static_cast<std::size_t>(id)];
}

// Properties as a set of bits.
using property_set = std::uint64_t;
constexpr property_set one_of(property_id id) {
    return property_set{1} << static_cast<unsigned>(id);
}
template <class... Ids>
constexpr property_set set_of(Ids... ids) {
    return (one_of(ids) | ...);
}

// What a packet may have (MQTT5 2.2.2.2) and, of these, what it may have more than once.
struct property_rules {
    property_set allowed;
    property_set repeated = one_of(property_id::user_property);
};

// Reads the next property of a list that is not at its end. False: `why` says which rule is broken,
// of the property's form, of what the packet may have given what was `seen` before it, or of its
// value.
bool read_property(reader& in, property& p, const property_rules& rules, property_set& seen,
                   breach& why);

// Gives each property of a packet's list to `take`. False: `why` says which rule is broken.
template <class Take>
bool read_properties(std::string_view list, const property_rules& rules, breach& why, Take take) {
    reader in(list);
    property_set seen = 0;
    property p;
    while (!in.at_end()) {
        if (!read_property(in, p, rules, seen, why)) {
            return false;
        }
        take(p);
    }
    return true;
}

// For packets of which only the reason string is of interest; others are checked.
inline constexpr property_rules answer_properties{
    set_of(property_id::reason_string, property_id::user_property)};
bool read_reason_string(std::string_view list, std::string_view& reason_string, breach& why);

}  // namespace evergrass::mqtt::wire
