#include "libs/mqtt/client_session.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::mqtt {

client_session::client_session(client_session_options options, client_session_owner& owner)
    : options_(std::move(options)), owner_(owner) {}

std::size_t client_session::receive(std::string_view received, mono_time now) {
    std::size_t used = 0;
    while (state_ == state::connecting || state_ == state::connected) {
        const auto next = next_frame(received.substr(used), options_.max_packet_bytes);
        if (!next) {
            fail(next.error().context);
            break;
        }
        if (!*next) {
            break;
        }
        used += (*next)->size;
        handle(**next, now);
    }
    return used;
}

void client_session::handle(const frame& f, mono_time now) {
    if ((state_ == state::connecting) != (f.type == packet_type::connack)) {
        return fail(state_ == state::connecting
                        ? std::string(to_string(f.type)) + " came before CONNACK [MQTT-3.2.0-1]"
                        : "CONNACK came a second time [MQTT-3.2]");
    }
    switch (f.type) {
        case packet_type::connack:
            return handle_connack(f, now);
        case packet_type::publish:
            return handle_publish(f);
        case packet_type::puback:
            return handle_puback(f, now);
        case packet_type::suback:
            return handle_suback(f, now);
        case packet_type::unsuback:
            return handle_unsuback(f, now);
        case packet_type::pingresp:
            return handle_pingresp(f, now);
        default:
            return fail(std::string(to_string(f.type)) + " is nothing that the server may send");
    }
}

void client_session::written(mono_time now) {
    output_.written();
    last_sent_ = now;
    last_progress_ = now;
    while (!unwritten_.empty() && unwritten_.front().end <= output_.total_written()) {
        const auto done = std::move(unwritten_.front().done);
        unwritten_.pop_front();
        done({});
    }
}

bool client_session::awaits_answer() const {
    return state_ == state::connecting ||
           (state_ == state::connected && (inflight_ > 0 || !subscribing_.empty() ||
                                           !unsubscribing_.empty() || ping_outstanding_));
}

void client_session::begin_waiting(mono_time now) {
    if (!awaits_answer()) {
        last_progress_ = now;
    }
}

mono_time client_session::next_ping() const {
    if (state_ != state::connected || options_.keep_alive.count() == 0 || ping_outstanding_) {
        return mono_time::max();
    }
    // Earlier than promised, because it takes time to arrive [MQTT-3.1.2-23].
    return last_sent_ + std::chrono::milliseconds(options_.keep_alive) * 3 / 4;
}

mono_time client_session::deadline() const {
    const auto answer =
        awaits_answer() ? last_progress_ + options_.operation_timeout : mono_time::max();
    return std::min(answer, next_ping());
}

void client_session::on_time(mono_time now) {
    if (awaits_answer() && now >= last_progress_ + options_.operation_timeout) {
        return fail(
            std::string(state_ == state::connecting ? "no CONNACK" : "no answer of the server") +
            " within " + std::to_string(options_.operation_timeout.count()) + " ms");
    }
    if (now >= next_ping()) {
        begin_waiting(now);
        encode_empty(output_.tail(), packet_type::pingreq);
        ping_outstanding_ = true;
    }
}

void client_session::handle_pingresp(const frame& f, mono_time now) {
    if (const auto p = decode_empty(f); !p) {
        return fail(p.error().context);
    }
    ping_outstanding_ = false;
    last_progress_ = now;
}

void client_session::fail(std::string_view reason) {
    state_ = state::failed;
    failure_ = reason;
}

std::uint16_t client_session::take_packet_id() {
    // There is a free one: the queue holds at most max_queued_bytes and fewer than 2^16 are under
    // way.
    do {
        ++last_id_;
    } while (last_id_ == 0 || ids_in_queue_.count(last_id_) > 0 ||
             subscribing_.count(last_id_) > 0 || unsubscribing_.count(last_id_) > 0);
    return last_id_;
}

}  // namespace evergrass::mqtt
