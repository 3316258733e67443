#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"
#include "libs/mqtt/client_tell.hpp"

#include <utility>

// How a connection and a session end: loss, DISCONNECT in both directions, AUTH, stop().
namespace evergrass::mqtt {

void client_session::lost(std::string_view reason) {
    state_ = state::idle;
    output_.clear();
    to_ask_.clear();
    asked_.clear();
    for (auto& [filter, i] : interests_) {
        i.queued = false;
    }
    sent_ = inflight_ = 0;
    std::erase_if(queue_, [](const outgoing& m) { return m.at == outgoing::stage::finished; });
    ids_.clear();
    for (std::size_t i = 0; i < queue_.size(); ++i) {
        if (queue_[i].id != 0) {
            ids_.emplace(queue_[i].id, popped_ + i);
        }
    }
    const error why{errc::unavailable, "the connection was lost: " + std::string(reason)};
    for (auto& each : std::exchange(unwritten_, {})) {
        tell_later(std::move(each.done), result<acknowledgement>(why));
    }
    tell();
}

void client_session::handle_disconnect(const frame& f) {
    if (!speaks_5()) {
        return fail(reason::protocol_error, "DISCONNECT is nothing that the server may send");
    }
    const auto p = decode_disconnect(f, options_.version, sender::server);
    if (!p) {
        return fail(p.error());
    }
    fail_silently("the server closed the connection: " +
                  answer_text(f.type, p->code, p->reason_string));
}

// We never offer an authentication method, so none can be under way [MQTT-4.12.0-1, -6].
void client_session::handle_auth(const frame& f) {
    fail(reason::protocol_error,
         std::string(to_string(f.type)) +
             " came, although no authentication method was asked for [MQTT-4.12.0-6]");
}

void client_session::stop(reason code) {
    if (state_ == state::connected) {
        encode_disconnect(output_.tail(), options_.version, code);
    }
    state_ = state::idle;
    const error stopped{errc::closed, "the MQTT client was stopped"};
    for (auto& each : std::exchange(unwritten_, {})) {
        tell_later(std::move(each.done), result<acknowledgement>(stopped));
    }
    for (auto& m : std::exchange(queue_, {})) {
        tell_later(std::move(m.done), result<acknowledgement>(stopped));
    }
    queued_bytes_ = sent_ = inflight_ = 0;
    popped_ = 0;
    ids_.clear();
    unreleased_.clear();
    to_ask_.clear();
    asked_.clear();
    for (auto& [filter, i] : std::exchange(interests_, {})) {
        for (auto& done : i.subscribing) {
            tell_later(std::move(done), result<qos>(stopped));
        }
        for (auto& done : i.unsubscribing) {
            tell_later(std::move(done), result<void>(stopped));
        }
    }
    tell();
}

}  // namespace evergrass::mqtt
