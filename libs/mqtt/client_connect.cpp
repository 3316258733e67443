#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"
#include "libs/mqtt/client_tell.hpp"

#include <algorithm>
#include <limits>
#include <utility>

// CONNECT -> CONNACK, and what the session at the server is after it.
namespace evergrass::mqtt {
namespace {

constexpr std::chrono::seconds longest_keep_alive{65'535};
// Ours, without a reason string: an acknowledgement that is more than its packet identifier.
constexpr std::uint32_t smallest_packet_size = 5;

std::string refused(reason code, std::string_view reason_string) {
    const auto answer = answer_text(packet_type::connack, code, reason_string);
    switch (code) {
        case reason::unsupported_protocol_version:
            return "the server does not speak this version of MQTT (" + answer + ")";
        case reason::client_identifier_not_valid:
            return "the server does not accept the client id (" + answer + ")";
        case reason::server_unavailable:
        case reason::server_busy:
            return "the server is unavailable at the moment (" + answer + ")";
        case reason::bad_user_name_or_password:
            return "the server does not accept user name or password (" + answer + ")";
        case reason::not_authorized:
            return "the server does not let this client connect; check that its certificate's "
                   "policy allows the client id (" +
                   answer + ")";
        default:
            return "the server refused the connection (" + answer + ")";
    }
}

will_view view_of(const client_will& will, std::string_view properties) {
    return {will.topic,          will.payload,       will.options.level,
            will.options.retain, will.delay_seconds, will.options.properties.expiry,
            properties};
}

}  // namespace

void client_session::opened(mono_time now) {
    output_.clear();
    state_ = state::connecting;
    failure_.clear();
    ping_outstanding_ = false;
    server_aliases_.clear();
    last_sent_ = last_heard_ = now;
    // From the second connection on, a session that the server keeps is our own.
    const bool kept = speaks_5() && was_connected_ && options_.session_expiry > 0;
    asked_clean_ = options_.clean_start && !kept;
    std::string will_properties;
    std::string properties;
    connect_packet p;
    p.protocol_level = static_cast<std::uint8_t>(options_.version);
    p.client_id = client_id_;
    p.clean_start = asked_clean_;
    p.keep_alive_seconds =
        static_cast<std::uint16_t>(std::min(options_.keep_alive, longest_keep_alive).count());
    if (options_.will) {
        will_properties = encode_properties(options_.will->options.properties);
        p.will = view_of(*options_.will, will_properties);
    }
    p.user_name = options_.user_name;
    p.password = options_.password;
    p.session_expiry = options_.session_expiry;
    p.receive_maximum = options_.receive_maximum;
    p.maximum_packet_size = static_cast<std::uint32_t>(std::min<std::size_t>(
        options_.max_packet_bytes, std::numeric_limits<std::uint32_t>::max()));
    p.topic_alias_maximum = options_.topic_alias_maximum;
    p.request_response_information = options_.request_response_information;
    for (const auto& [name, value] : options_.user_properties) {
        put_user_property(properties, name, value);
    }
    p.properties = properties;
    encode_connect(output_.tail(), p);
    answers_ = {now, output_.total_appended()};
}

void client_session::handle_connack(const frame& f, mono_time now) {
    const auto p = decode_connack(f, options_.version);
    if (!p) {
        return fail(p.error());
    }
    if (p->code != reason::success) {
        return fail_silently(refused(p->code, p->reason_string));
    }
    state_ = state::connected;
    if (p->session_present && asked_clean_) {
        return fail(reason::protocol_error,
                    "CONNACK speaks of a session although a clean start was asked for "
                    "[MQTT-3.2.2-1]");
    }
    if (p->maximum_packet_size.value_or(smallest_packet_size) < smallest_packet_size) {
        return fail(reason::implementation_specific_error,
                    "the server takes only packets of " + std::to_string(*p->maximum_packet_size) +
                        " bytes, in which no acknowledgement fits");
    }
    if (speaks_5() && client_id_.empty() && p->assigned_client_id.empty()) {
        return fail(reason::protocol_error, "CONNACK assigns no client id [MQTT-3.2.2-16]");
    }
    was_connected_ = true;
    note_server(*p);
    if (!p->session_present) {
        begin_session();
    }
    ask_again();
    ask_waiting(now);
    send_waiting(now);
    owner_.on_connected();
}

void client_session::note_server(const connack_packet& p) {
    if (!p.assigned_client_id.empty()) {
        client_id_ = p.assigned_client_id;
    }
    server_.session_present = p.session_present;
    server_.client_id = client_id_;
    server_.keep_alive = p.server_keep_alive ? std::chrono::seconds(*p.server_keep_alive)
                                             : std::min(options_.keep_alive, longest_keep_alive);
    server_.session_expiry = p.session_expiry.value_or(speaks_5() ? options_.session_expiry : 0);
    server_.receive_maximum = p.receive_maximum;
    server_.maximum_qos = p.maximum_qos;
    server_.retain_available = p.retain_available;
    server_.maximum_packet_size = p.maximum_packet_size;
    server_.topic_alias_maximum = p.topic_alias_maximum;
    server_.wildcard_subscription_available = p.wildcard_subscription_available;
    server_.subscription_identifiers_available = p.subscription_identifiers_available;
    server_.shared_subscription_available = p.shared_subscription_available;
    server_.response_information = p.response_information;
    server_.reason_string = p.reason_string;
    aliases_.reset(std::min(p.topic_alias_maximum, options_.max_own_topic_aliases));
}

// Everything is said for the first time [MQTT-3.2.2-5]. What the server had taken with PUBREC is
// its own to deliver: sending it once more would double it.
void client_session::begin_session() {
    unreleased_.clear();
    ids_.clear();
    for (auto& m : queue_) {
        m.id = 0;
        if (m.at == outgoing::stage::released) {
            finish(m, std::move(m.answer));
        }
    }
    trim();
    for (auto i = interests_.begin(); i != interests_.end();) {
        if (i->second.wanted) {
            i->second.settled = i->second.asked = false;
            ++i;
            continue;
        }
        for (auto& done : i->second.unsubscribing) {
            tell_later(std::move(done), result<void>());
        }
        i = interests_.erase(i);
    }
}

}  // namespace evergrass::mqtt
