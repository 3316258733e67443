#include "libs/mqtt/client_session.hpp"

#include "libs/mqtt/client_tell.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::mqtt {

client_session::client_session(client_session_options options, client_session_owner& owner)
    : options_(std::move(options)),
      owner_(owner),
      client_id_(options_.client_id),
      last_id_(static_cast<std::uint16_t>(options_.first_packet_id - 1)) {}

std::size_t client_session::receive(std::string_view received, mono_time now) {
    if (!received.empty()) {
        last_heard_ = now;
    }
    std::size_t used = 0;
    while (state_ == state::connecting || state_ == state::connected) {
        const auto next = next_frame(received.substr(used), options_.max_packet_bytes);
        if (!next) {
            fail(next.error());
            break;
        }
        if (!*next) {
            break;
        }
        used += (*next)->size;
        handle(**next, now);
    }
    tell();
    return used;
}

void client_session::handle(const frame& f, mono_time now) {
    if ((state_ == state::connecting) != (f.type == packet_type::connack)) {
        return fail(reason::protocol_error,
                    state_ == state::connecting
                        ? std::string(to_string(f.type)) + " came before CONNACK [MQTT-3.2.0-1]"
                        : "CONNACK came a second time [MQTT-3.2.0-2]");
    }
    switch (f.type) {
        case packet_type::connack:
            return handle_connack(f, now);
        case packet_type::publish:
            return handle_publish(f);
        case packet_type::puback:
            return handle_puback(f, now);
        case packet_type::pubrec:
            return handle_pubrec(f, now);
        case packet_type::pubrel:
            return handle_pubrel(f);
        case packet_type::pubcomp:
            return handle_pubcomp(f, now);
        case packet_type::suback:
            return handle_suback(f, now);
        case packet_type::unsuback:
            return handle_unsuback(f, now);
        case packet_type::pingresp:
            return handle_pingresp(f);
        case packet_type::disconnect:
            return handle_disconnect(f);
        case packet_type::auth:
            return handle_auth(f);
        default:
            return fail(reason::protocol_error,
                        std::string(to_string(f.type)) + " is nothing that the server may send");
    }
}

void client_session::fail(reason code, std::string why) {
    const bool known_to_it = state_ == state::connected;
    fail_silently(std::move(why));
    // 3.1.1's DISCONNECT would say that all is well, and keep the will back.
    last_words_ = known_to_it && speaks_5();
    if (last_words_) {
        encode_disconnect(output_.tail(), options_.version, code);
    }
}

void client_session::fail_silently(std::string why) {
    state_ = state::failed;
    failure_ = std::move(why);
    last_words_ = false;
}

void client_session::tell() {
    if (std::exchange(telling_, true)) {
        return;  // whoever tells already goes on until nothing is left
    }
    while (!to_tell_.empty()) {
        const auto next = std::move(to_tell_.front());
        to_tell_.pop_front();
        next();
    }
    telling_ = false;
}

void client_session::written(mono_time now) {
    const auto from = output_.total_written();
    output_.written();
    last_sent_ = now;
    answers_.written(from, now);
    pong_.written(from, now);
    while (!unwritten_.empty() && unwritten_.front().end <= output_.total_written()) {
        tell_later(std::move(unwritten_.front().done), acknowledgement{});
        unwritten_.pop_front();
    }
    tell();
}

bool client_session::awaits_answer() const {
    return state_ == state::connecting ||
           (state_ == state::connected && (inflight_ > 0 || !asked_.empty()));
}

void client_session::await_answer(mono_time now) {
    if (!awaits_answer()) {
        answers_.since = now;
    }
    answers_.end = output_.total_appended();
}

mono_time client_session::next_ping() const {
    if (state_ != state::connected || server_.keep_alive.count() == 0 || ping_outstanding_) {
        return mono_time::max();
    }
    // Earlier than promised, because it takes time to arrive [MQTT-3.1.2-20]; and when the server
    // has been silent for so long, although we have not.
    return std::min(last_sent_, last_heard_) +
           std::chrono::milliseconds(server_.keep_alive) * 3 / 4;
}

mono_time client_session::deadline() const {
    auto at = next_ping();
    if (awaits_answer()) {
        at = std::min(at, answers_.since + options_.operation_timeout);
    }
    if (state_ == state::connected && ping_outstanding_) {
        at = std::min(at, pong_.since + options_.operation_timeout);
    }
    return at;
}

void client_session::on_time(mono_time now) {
    const bool late = awaits_answer() && now >= answers_.since + options_.operation_timeout;
    const bool mute = state_ == state::connected && ping_outstanding_ &&
                      now >= pong_.since + options_.operation_timeout;
    if (late || mute) {
        const auto* const what = state_ == state::connecting ? "no CONNACK"
                                 : late                      ? "no answer of the server"
                                                             : "no PINGRESP";
        return fail_silently(std::string(what) + " within " +
                             std::to_string(options_.operation_timeout.count()) + " ms");
    }
    if (now >= next_ping()) {
        ping(now);
    }
}

void client_session::ping(mono_time now) {
    encode_empty(output_.tail(), packet_type::pingreq);
    ping_outstanding_ = true;
    pong_ = {now, output_.total_appended()};
}

void client_session::handle_pingresp(const frame& f) {
    if (const auto p = decode_empty(f); !p) {
        return fail(p.error());
    }
    ping_outstanding_ = false;
}

std::uint16_t client_session::take_packet_id() {
    // There is a free one: window() and max_questions bound what is under way.
    do {
        ++last_id_;
    } while (last_id_ == 0 || ids_.contains(last_id_) || asked_.contains(last_id_));
    return last_id_;
}

}  // namespace evergrass::mqtt
