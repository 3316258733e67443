#include "libs/mqtt/server_link.hpp"

// The client acknowledges what we sent: PUBACK ends a QoS 1 delivery; PUBREC, PUBREL of ours and
// PUBCOMP a QoS 2 one (MQTT-4.3).
namespace evergrass::mqtt {

using progress = session_journal::delivery::progress;

void server_link::handle_puback(const frame& f) {
    const auto p = decode_ack(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    const auto at = session_->find_sent(p->id);
    // An unknown identifier is passed over: it may be of before a session that we lost.
    if (at != session_->queue.end() && at->level == qos::at_least_once) {
        shard_.finish(*session_, at);
        shard_.drain(*session_);
    }
}

void server_link::handle_pubrec(const frame& f) {
    const auto p = decode_ack(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    const auto at = session_->find_sent(p->id);
    if (at == session_->queue.end() || at->level != qos::exactly_once) {
        // [MQTT-4.3.3-7]: 3.1.1 can't say that the identifier is unknown.
        std::string bytes;
        encode_ack(bytes, version_, packet_type::pubrel, p->id,
                   reason::packet_identifier_not_found);
        reply(bytes);
        return;
    }
    if (is_failure(p->code)) {  // the client does not want it: that ends the delivery
        shard_.finish(*session_, at);
        shard_.drain(*session_);
        return;
    }
    at->state = progress::received;
    at->message.reset();
    // PUBREL ends the client's memory of the identifier. Said before PUBREC is saved, a crash would
    // make us send the message again as a new one.
    std::shared_ptr<reply_receipt> until;
    if (session_->journaled) {
        until = make_receipt();
        shard_.keep_until(shard_.shared.journal->pubrec_came(session_->info.id, at->order), until);
    }
    std::string bytes;
    encode_ack(bytes, version_, packet_type::pubrel, p->id);
    reply(bytes, std::move(until));
}

void server_link::handle_pubcomp(const frame& f) {
    const auto p = decode_ack(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    const auto at = session_->find_sent(p->id);
    if (at != session_->queue.end() && at->state == progress::received) {
        shard_.finish(*session_, at);
        shard_.drain(*session_);
    }
}

}  // namespace evergrass::mqtt
