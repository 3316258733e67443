#include "libs/mqtt/server_link.hpp"

#include <algorithm>

namespace evergrass::mqtt {

bool server_link::resolve_alias(publish_packet& p) {
    if (p.topic_alias > shard_.shared.options.topic_alias_maximum) {
        violation(reason::topic_alias_invalid,
                  "PUBLISH has a topic alias above the maximum [MQTT-3.3.2-9]");
        return false;
    }
    if (!aliases_in_) {
        aliases_in_ = std::make_unique<std::vector<std::string>>(
            shard_.shared.options.topic_alias_maximum + 1U);
    }
    auto& known = (*aliases_in_)[p.topic_alias];
    if (!p.message.topic.empty()) {
        known = p.message.topic;
    } else if (known.empty()) {
        violation(reason::protocol_error,
                  "PUBLISH has no topic, and a topic alias that stands for none [MQTT-3.3.2-7]");
        return false;
    }
    p.message.topic = known;
    return true;
}

bool server_link::check_publish(const publish_packet& p) {
    const auto& limits = shard_.shared.options;
    const auto& m = p.message;
    if (m.level > limits.maximum_qos) {
        violation(reason::qos_not_supported,
                  "PUBLISH has a QoS above the server's maximum [MQTT-3.2.2-11]");
        return false;
    }
    topic_is_last_ = m.topic == last_topic_;
    if (!topic_is_last_) [[unlikely]] {
        const auto levels =
            1 + static_cast<std::size_t>(std::count(m.topic.begin(), m.topic.end(), '/'));
        if (m.topic.size() > limits.max_topic_bytes || levels > limits.max_topic_levels) {
            violation(reason::topic_name_invalid,
                      "PUBLISH has a topic over the server's limits (" +
                          std::to_string(limits.max_topic_bytes) + " bytes, " +
                          std::to_string(limits.max_topic_levels) + " levels)");
            return false;
        }
    }
    return true;
}

void server_link::handle_publish(const frame& f) {
    auto p = decode_publish(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    if ((p->topic_alias != 0 && !resolve_alias(*p)) || !check_publish(*p)) {
        return;
    }
    const auto level = p->message.level;
    if (level == qos::at_most_once && !p->message.retain) {
        publish_at_most_once(*p);
        return;
    }
    if (level == qos::exactly_once && session_->received_ids.contains(p->id)) {
        auto until = session_->journaled ? make_receipt() : nullptr;
        if (until) {
            shard_.wait_for_received(*session_, p->id, until);
        }
        acknowledge(*p, reason::success, std::move(until));  // we have it [MQTT-4.3.3-10]
        return;
    }
    if (level != qos::at_most_once && version_ == protocol_version::v5) {
        if (under_way_ >= shard_.shared.options.receive_maximum) {
            violation(reason::receive_maximum_exceeded,
                      "more QoS 1 and 2 messages are under way than the Receive Maximum "
                      "[MQTT-3.3.4-7]");
            return;
        }
        ++under_way_;
    }
    publish(*p);
}

// False: it goes no further, and its publisher has heard so.
bool server_link::is_permitted(const publish_packet& p) {
    const auto verdict = shard_.shared.rules.may_publish(session_->info, p.message);
    if (verdict.what == publish_verdict::action::route) [[likely]] {
        return true;
    }
    if (verdict.what == publish_verdict::action::disconnect) {
        close(verdict.code, "the client may not publish this");
    } else {
        acknowledge(p, verdict.code, {});
    }
    return false;
}

// check_publish() has been asked about the topic.
const std::shared_ptr<const route>& server_link::way_of(std::string_view topic) {
    if (!topic_is_last_ || !last_route_ || last_route_->at != shard_.generations_now())
        [[unlikely]] {
        last_route_ = shard_.find_route(&session_->info, session_->info.id, topic, false);
        last_topic_ = topic;
    }
    return last_route_;
}

void server_link::publish_at_most_once(const publish_packet& p) {
    if (!is_permitted(p)) {
        return;
    }
    const publication message(p.message, session_->info.id, shard_.wall);
    const auto& way = way_of(p.message.topic);
    if (way->only_local) [[likely]] {
        shard_.route_here(message, *way, session_->info);
        return;
    }
    const auto kept = way;  // a will that this sets off may look up another one
    receipt nobody_waits;
    shard_.route_message(message, *kept, &session_->info, {nobody_waits});
}

void server_link::publish(const publish_packet& p) {
    if (!is_permitted(p)) {
        return;
    }
    const publication message(p.message, session_->info.id, shard_.wall);
    const bool wants_answer = p.message.level != qos::at_most_once;
    const auto way = way_of(p.message.topic);  // a will that this sets off may look up another one
    const bool may_wait =
        shard_.shared.journal != nullptr || !way->external.empty() || shard_.shared.mesh.size() > 1;
    auto until = wants_answer && may_wait ? make_receipt() : nullptr;
    receipt pending = until;
    std::optional<session_journal::received_id> received;
    if (p.message.level == qos::exactly_once && session_->journaled && !way->nobody) {
        received = {session_->info.id, p.id};
    }
    bool kept = !p.message.retain || way->nobody || shard_.retain_message(message, pending);
    if (!kept && !wants_answer) {
        // It cannot be refused: at least those get it who are there.
        shard_.shared.rules.lost(loss::not_stored, message.source(), message.topic(), {});
        kept = true;
    }
    auto outcome = kept ? shard_.route_message(message, *way, &session_->info,
                                               {pending, received, wants_answer})
                        : routing_outcome{};
    pending.reset();
    if (!kept || outcome.not_stored) {
        // Not to be acknowledged as if all were well: it would be lost.
        if (wants_answer && !is_v5()) {
            close(reason::quota_exceeded, "the message could not be stored");
        } else {
            acknowledge(p, reason::quota_exceeded, std::move(until));
        }
        return;
    }
    auto code = reason::success;
    if (outcome.nobody) {
        code = *outcome.nobody;
    } else if (!outcome.anybody) {
        code = reason::no_matching_subscribers;
    }
    acknowledge(p, code, std::move(until));
}

void server_link::acknowledge(const publish_packet& p, reason code,
                              std::shared_ptr<reply_receipt> until) {
    if (p.message.level == qos::at_most_once) {
        return;
    }
    const auto type =
        p.message.level == qos::at_least_once ? packet_type::puback : packet_type::pubrec;
    const bool refused = is_v5() && is_failure(code);
    if (type == packet_type::pubrec && refused) {
        session_->received_ids.erase(p.id);  // [MQTT5 4.3.3]: the identifier is free again
    } else if (type == packet_type::pubrec) {
        session_->received_ids.insert(p.id);  // also of what goes nowhere: PUBREL comes for it
    }
    const auto kind =
        type == packet_type::puback || refused ? reply_kind::completes : reply_kind::other;
    if (!until && held_.empty()) {
        encode_ack(output_.tail(), version_, type, p.id, code);
        said(kind);
        tell();
        return;
    }
    std::string bytes;
    encode_ack(bytes, version_, type, p.id, code);
    reply(bytes, std::move(until), kind);
}

void server_link::handle_pubrel(const frame& f) {
    const auto p = decode_ack(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    const bool known = session_->received_ids.erase(p->id) > 0;
    if (known) {
        said(reply_kind::completes);
    }
    // PUBCOMP lets the client use the identifier for another message, which we would take for the
    // old one after a crash if it were still on the disk.
    std::shared_ptr<reply_receipt> until;
    if (known && session_->journaled) {
        shard_.forget_received(*session_, p->id);
        until = make_receipt();
        shard_.keep_until(shard_.shared.journal->released(session_->info.id, p->id), until);
    }
    std::string bytes;
    encode_ack(bytes, version_, packet_type::pubcomp, p->id,
               known ? reason::success : reason::packet_identifier_not_found);
    reply(bytes, std::move(until));
}

}  // namespace evergrass::mqtt
