#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"
#include "libs/mqtt/client_tell.hpp"

#include <utility>

// PUBACK; PUBREC -> PUBREL -> PUBCOMP: the server takes messages of ours (MQTT 4.3).
namespace evergrass::mqtt {

client_session::outgoing* client_session::find(std::uint16_t id) {
    const auto at = ids_.find(id);
    return at == ids_.end() ? nullptr : &queue_[at->second - popped_];
}

// The message that an acknowledgement is for. None: it is for nothing of ours, which a late answer
// to what was sent twice looks like; or it is of the wrong kind, and the connection has failed.
client_session::outgoing* client_session::awaiting(const frame& f, const ack_packet& p, qos level) {
    auto* const m = find(p.id);
    if (m != nullptr && m->level != level) {
        fail(reason::protocol_error,
             std::string(to_string(f.type)) + " answers a PUBLISH with QoS " +
                 std::to_string(static_cast<int>(m->level)) + " [MQTT-4.3]");
        return nullptr;
    }
    return m;
}

void client_session::handle_puback(const frame& f, mono_time now) {
    const auto p = decode_ack(f, options_.version);
    if (!p) {
        return fail(p.error());
    }
    auto* const m = awaiting(f, *p, qos::at_least_once);
    if (m == nullptr) {
        return;
    }
    answers_.since = now;
    result<acknowledgement> outcome = acknowledgement{p->code, std::string(p->reason_string)};
    if (is_failure(p->code)) {
        outcome = refusal("the message to '" + m->topic + "'", f.type, p->code, p->reason_string);
    }
    finish(*m, std::move(outcome));
    send_waiting(now);
}

void client_session::handle_pubrec(const frame& f, mono_time now) {
    const auto p = decode_ack(f, options_.version);
    if (!p) {
        return fail(p.error());
    }
    auto* const m = awaiting(f, *p, qos::exactly_once);
    if (!connected()) {
        return;
    }
    if (m != nullptr && is_failure(p->code)) {
        answers_.since = now;
        finish(*m, refusal("the message to '" + m->topic + "'", f.type, p->code, p->reason_string));
        return send_waiting(now);
    }
    if (is_failure(p->code)) {
        return;
    }
    if (m != nullptr && m->at == outgoing::stage::unacknowledged) {
        answers_.since = now;
        m->answer = {p->code, std::string(p->reason_string)};
        queued_bytes_ -= m->bytes();
        m->at = outgoing::stage::released;
        m->payload.reset();
        m->properties.clear();
        queued_bytes_ += m->bytes();
        encode_ack(output_.tail(), options_.version, packet_type::pubrel, p->id);
        return await_answer(now);
    }
    // Once more, or for what we do not know: it goes on to PUBCOMP all the same, and owes us
    // nothing.
    encode_ack(output_.tail(), options_.version, packet_type::pubrel, p->id,
               m != nullptr ? reason::success : reason::packet_identifier_not_found);
}

void client_session::handle_pubcomp(const frame& f, mono_time now) {
    const auto p = decode_ack(f, options_.version);
    if (!p) {
        return fail(p.error());
    }
    auto* const m = awaiting(f, *p, qos::exactly_once);
    if (m == nullptr) {
        return;
    }
    if (m->at != outgoing::stage::released) {
        return fail(reason::protocol_error, "PUBCOMP came before PUBREC [MQTT-4.3.3]");
    }
    // packet_identifier_not_found: the server had finished it before the connection was lost.
    answers_.since = now;
    finish(*m, std::move(m->answer));
    send_waiting(now);
}

void client_session::finish(outgoing& m, result<acknowledgement> outcome) {
    if (m.id != 0) {
        if (const auto at = ids_.find(m.id); at != ids_.end()) {
            inflight_ -= at->second - popped_ < sent_ ? 1 : 0;
            ids_.erase(at);
        }
    }
    queued_bytes_ -= m.bytes();
    m.at = outgoing::stage::finished;
    m.payload.reset();
    m.properties.clear();
    m.topic.clear();
    tell_later(std::exchange(m.done, {}), std::move(outcome));
}

// Finished messages leave the queue when all before them have.
void client_session::trim() {
    while (!queue_.empty() && queue_.front().at == outgoing::stage::finished) {
        queue_.pop_front();
        ++popped_;
        sent_ -= sent_ > 0 ? 1 : 0;
    }
}

}  // namespace evergrass::mqtt
