#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"

#include <utility>

// CONNECT -> CONNACK, the end of a connection, and DISCONNECT.
namespace evergrass::mqtt {
namespace {

std::string refusal(std::uint8_t code) {
    const auto number = " (CONNACK code " + std::to_string(code) + ")";
    switch (static_cast<connect_code>(code)) {
        case connect_code::unacceptable_protocol_version:
            return "the server does not speak MQTT 3.1.1" + number;
        case connect_code::identifier_rejected:
            return "the server does not accept the client id" + number;
        case connect_code::server_unavailable:
            return "the server is unavailable at the moment" + number;
        case connect_code::bad_user_name_or_password:
            return "the server does not accept user name or password" + number;
        case connect_code::not_authorized:
            return "the server does not let this client connect; check that its certificate's "
                   "policy allows the client id" +
                   number;
        default:
            return "the server refused the connection" + number;
    }
}

}  // namespace

void client_session::opened(mono_time now) {
    output_.clear();
    state_ = state::connecting;
    failure_.clear();
    ping_outstanding_ = false;
    last_progress_ = now;
    last_sent_ = now;
    connect_packet p;
    p.client_id = options_.client_id;
    p.clean_session = options_.clean_session;
    p.keep_alive_seconds = static_cast<std::uint16_t>(options_.keep_alive.count());
    encode_connect(output_.tail(), p);
}

void client_session::handle_connack(const frame& f, mono_time now) {
    const auto p = decode_connack(f);
    if (!p) {
        return fail(p.error().context);
    }
    if (p->code != 0) {
        return fail(refusal(p->code));
    }
    if (p->session_present && options_.clean_session) {
        return fail(
            "CONNACK speaks of a session although a clean one was asked for "
            "[MQTT-3.2.2-1]");
    }
    state_ = state::connected;
    last_progress_ = now;
    for (const auto& [filter, s] : subscriptions_) {
        send_subscribe(filter, s.level, now);
    }
    send_waiting(now);
    owner_.on_connected();
}

void client_session::lost(std::string_view reason) {
    state_ = state::idle;
    output_.clear();
    subscribing_.clear();
    unsubscribing_.clear();
    sent_ = 0;
    inflight_ = 0;
    if (options_.clean_session) {
        // The next connection is a new session, in which everything is sent for the first time.
        for (auto& waiting : queue_) {
            waiting.id = 0;
        }
        ids_in_queue_.clear();
    }
    std::erase_if(queue_, [](const outgoing& o) { return o.acknowledged; });
    for (const auto& each : std::exchange(unwritten_, {})) {
        each.done(error{errc::unavailable, "the connection was lost: " + std::string(reason)});
    }
}

void client_session::stop() {
    if (state_ == state::connected) {
        encode_empty(output_.tail(), packet_type::disconnect);
    }
    state_ = state::idle;
    const error stopped{errc::closed, "the MQTT client was stopped"};
    for (const auto& each : std::exchange(unwritten_, {})) {
        each.done(stopped);
    }
    queued_bytes_ = sent_ = inflight_ = 0;
    ids_in_queue_.clear();
    for (const auto& each : std::exchange(queue_, {})) {
        if (each.done && !each.acknowledged) {
            each.done(stopped);
        }
    }
    for (auto& [filter, s] : std::exchange(subscriptions_, {})) {
        for (const auto& done : s.waiting) {
            done(stopped);
        }
    }
}

}  // namespace evergrass::mqtt
