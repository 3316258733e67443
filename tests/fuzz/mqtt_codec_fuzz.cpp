#include "libs/mqtt/codec.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

using namespace evergrass::mqtt;

constexpr std::size_t no_limit = 1U << 28U;
constexpr protocol_version versions[]{protocol_version::v3_1_1, protocol_version::v5};

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// What was written is one packet of this type, and nothing else.
frame frame_of(const std::string& bytes, packet_type type) {
    const auto next = next_frame(bytes, no_limit);
    require(next && *next && (*next)->size == bytes.size() && (*next)->type == type);
    return **next;
}

void require_properties(std::string_view list) {
    property_reader in(list);
    while (in.next()) {
    }
    require(!in.failed());
}

std::string forwarded_of(std::string_view list) {
    std::string scratch;
    return std::string(forwarded_properties(list, scratch));
}

std::vector<std::uint32_t> subscription_ids_of(std::string_view list) {
    std::vector<std::uint32_t> ids;
    property_reader in(list);
    while (const auto p = in.next()) {
        if (p->id == property_id::subscription_identifier) {
            ids.push_back(p->number);
        }
    }
    return ids;
}

auto members(const will_view& w) {
    return std::tuple(w.topic, w.payload, w.level, w.retain, w.delay_seconds, w.message_expiry,
                      forwarded_of(w.properties));
}
auto members(const connect_packet& p) {
    return std::tuple(p.protocol_level, p.clean_start, p.keep_alive_seconds, p.client_id,
                      p.user_name, p.password, p.session_expiry, p.receive_maximum,
                      p.maximum_packet_size, p.topic_alias_maximum, p.request_response_information,
                      p.request_problem_information, p.authentication_method);
}
auto members(const connack_packet& p) {
    return std::tuple(p.session_present, p.code, p.session_expiry, p.receive_maximum, p.maximum_qos,
                      p.retain_available, p.maximum_packet_size, p.assigned_client_id,
                      p.topic_alias_maximum, p.reason_string, p.wildcard_subscription_available,
                      p.subscription_identifiers_available, p.shared_subscription_available,
                      p.server_keep_alive, p.response_information);
}
auto members(const publish_packet& p) {
    const auto& m = p.message;
    return std::tuple(p.id, p.topic_alias, m.topic, m.payload, m.level, m.retain, m.duplicate,
                      m.message_expiry, forwarded_of(m.properties),
                      subscription_ids_of(m.properties));
}
auto members(const ack_packet& p) {
    return std::tuple(p.id, p.code, p.reason_string);
}
auto members(const disconnect_packet& p) {
    return std::tuple(p.code, p.session_expiry, p.reason_string);
}

// Each of these: what was decoded is encoded, and decoded again is the same.

void connect(const frame& f) {
    const auto p = decode_connect(f);
    if (!p || (p->protocol_level != 4 && p->protocol_level != 5)) {
        return;
    }
    require(connect_level(f) == p->protocol_level);
    require_properties(p->properties);
    std::string bytes;
    encode_connect(bytes, *p);
    const auto again = decode_connect(frame_of(bytes, packet_type::connect));
    require(again && members(*again) == members(*p));
    require(again->will.has_value() == p->will.has_value());
    if (p->will) {
        require(check_topic_name(p->will->topic).has_value());
        require_properties(p->will->properties);
        require(members(*again->will) == members(*p->will));
    }
    std::string third;  // with the properties that have no member
    encode_connect(third, *again);
    require(third == bytes);
}

void connack(const frame& f, protocol_version version) {
    if (const auto p = decode_connack(f, version)) {
        std::string bytes;
        encode_connack(bytes, version, *p);
        const auto again = decode_connack(frame_of(bytes, packet_type::connack), version);
        require(again && members(*again) == members(*p));
    }
}

void publish(const frame& f, protocol_version version, sender from) {
    const auto p = decode_publish(f, version, from);
    if (!p) {
        return;
    }
    const auto& m = p->message;
    require(check_topic_name(m.topic) || (m.topic.empty() && p->topic_alias != 0));
    require_properties(m.properties);
    const auto forwarded = forwarded_of(m.properties);
    const auto ids = subscription_ids_of(m.properties);
    require(ids.empty() || from == sender::server);
    const publish_head head{m.topic, m.payload.size(), m.level,          m.retain,  m.duplicate,
                            p->id,   p->topic_alias,   m.message_expiry, forwarded, &ids};
    std::string bytes;
    encode_publish_head(bytes, version, head);
    bytes += m.payload;
    require(bytes.size() == publish_size(version, head));
    const auto again = decode_publish(frame_of(bytes, packet_type::publish), version, from);
    require(again && members(*again) == members(*p));
}

void ack(frame f, protocol_version version) {
    for (const auto type :
         {packet_type::puback, packet_type::pubrec, packet_type::pubrel, packet_type::pubcomp}) {
        f.type = type;
        if (const auto p = decode_ack(f, version)) {
            std::string bytes;
            encode_ack(bytes, version, type, p->id, p->code, p->reason_string);
            const auto again = decode_ack(frame_of(bytes, type), version);
            require(again && members(*again) == members(*p));
        }
    }
}

void subscribe(const frame& f, protocol_version version) {
    const auto p = decode_subscribe(f, version);
    if (!p) {
        return;
    }
    std::string bytes;
    encode_subscribe(bytes, version, *p);
    const auto again = decode_subscribe(frame_of(bytes, packet_type::subscribe), version);
    require(again && again->id == p->id && again->subscription_id == p->subscription_id);
    require(!p->requests.empty() && again->requests.size() == p->requests.size());
    for (std::size_t i = 0; i < p->requests.size(); ++i) {
        const auto& request = p->requests[i];
        require(check_topic_filter(request.filter).has_value());
        require(version == protocol_version::v3_1_1 || parse_shared_filter(request.filter));
        require(again->requests[i].filter == request.filter);
        require(again->requests[i].options == request.options);
        topic_matches(request.filter, "a/b/c");
    }
}

void unsubscribe(const frame& f, protocol_version version) {
    const auto p = decode_unsubscribe(f, version);
    if (!p) {
        return;
    }
    require(!p->filters.empty());
    for (const auto filter : p->filters) {
        std::string bytes;
        encode_unsubscribe(bytes, version, p->id, filter);
        const auto again = decode_unsubscribe(frame_of(bytes, packet_type::unsubscribe), version);
        require(again && again->id == p->id && again->filters == std::vector{filter});
    }
}

void answers(const frame& f, protocol_version version) {
    if (const auto p = decode_suback(f, version)) {
        std::string bytes;
        encode_suback(bytes, version, p->id, p->codes);
        const auto again = decode_suback(frame_of(bytes, packet_type::suback), version);
        require(again && again->id == p->id && again->codes == p->codes);
    }
    if (const auto p = decode_unsuback(f, version)) {
        std::string bytes;
        encode_unsuback(bytes, version, p->id, p->codes);
        const auto again = decode_unsuback(frame_of(bytes, packet_type::unsuback), version);
        require(again && again->id == p->id && again->codes == p->codes);
    }
}

void farewell(const frame& f, protocol_version version, sender from) {
    if (const auto p = decode_disconnect(f, version, from)) {
        std::string bytes;
        encode_disconnect(bytes, version, p->code, p->reason_string, p->session_expiry);
        const auto again =
            decode_disconnect(frame_of(bytes, packet_type::disconnect), version, from);
        require(again && members(*again) == members(*p));
    }
}

// Every decoder takes every body, whatever the packet says that it is.
void try_all(frame f) {
    f.type = packet_type::connect;
    connect(f);
    for (const auto version : versions) {
        connack(f, version);
        ack(f, version);
        subscribe(f, version);
        unsubscribe(f, version);
        answers(f, version);
        decode_auth(f, version);
        for (const auto from : {sender::client, sender::server}) {
            publish(f, version, from);
            farewell(f, version, from);
        }
    }
    require(decode_empty(f).has_value() == f.body.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const auto next = next_frame(rest, no_limit);
        if (!next || !*next) {
            break;
        }
        const frame& f = **next;
        require(announced_size(rest) == f.size && f.size <= rest.size());
        require(!next_frame(rest, f.size - 1));
        require(!*next_frame(rest.substr(0, f.size - 1), no_limit));
        try_all(f);
        rest.remove_prefix(f.size);
    }
    return 0;
}
