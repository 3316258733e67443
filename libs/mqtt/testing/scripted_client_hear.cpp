#include "libs/mqtt/testing/scripted_client.hpp"

#include <algorithm>

// What the server says, held against the standard.
namespace evergrass::mqtt::testing {
namespace {

template <class T>
T well(const decoded<T>& packet) {
    if (!packet) {
        throw broken_rule(packet.error().what);
    }
    return *packet;
}

void require(bool holds, const std::string& else_what) {
    if (!holds) {
        throw broken_rule(else_what);
    }
}

std::string text_of(const publish_packet& p, const std::string& topic) {
    std::string text = topic + " " + std::string(p.message.payload);
    if (p.message.level != qos::at_most_once) {
        text += " q" + std::to_string(static_cast<int>(p.message.level));
    }
    text += p.message.duplicate ? " dup" : "";
    text += p.message.retain ? " retain" : "";
    property_reader in(p.message.properties);
    while (const auto each = in.next()) {
        if (each->id == property_id::subscription_identifier) {
            text += " id" + std::to_string(each->number);
        } else if (each->id == property_id::message_expiry_interval) {
            text += " expires" + std::to_string(each->number);
        } else if (each->id == property_id::user_property) {
            text += " " + std::string(each->text) + "=" + std::string(each->value);
        }
    }
    return text;
}

}  // namespace

bool scripted_client::read() {
    auto& out = link_->output();
    require(port_->told || left_ || (out.empty() && !link_->closing()),
            "there is something to do, but the owner was not told");
    if (std::exchange(port_->told, false)) {
        link_->looked();
    }
    bool moved = false;
    while (reads) {
        const auto piece = out.begin_write();
        if (piece.empty()) {
            break;
        }
        inbox_ += piece;
        out.written();
        moved = true;
    }
    left_ = !out.empty();
    handle_inbox();
    if (link_->closing() && out.empty()) {
        require(inbox_.empty(), "the connection ends within a packet");
        link_->transport_closed("closed");
        link_.reset();
        hear("CLOSED");
        moved = true;
    }
    return moved;
}

void scripted_client::handle_inbox() {
    std::size_t used = 0;
    while (const auto next = well(next_frame(std::string_view(inbox_).substr(used), SIZE_MAX))) {
        require(version_ != protocol_version::v5 ||
                    next->size <= with_.max_packet.value_or(0xFFFF'FFFF),
                "a packet over the Maximum Packet Size [MQTT-3.1.2-24]");
        used += next->size;
        handle(*next);
    }
    inbox_.erase(0, used);
}

void scripted_client::handle(const frame& f) {
    require(!goodbye_, "a packet after DISCONNECT or a refusal [MQTT-3.14.4-1]");
    require(ready_ != (f.type == packet_type::connack),
            "CONNACK is not the first packet or came twice [MQTT-3.2.0-1]");
    switch (f.type) {
        case packet_type::connack:
            return on_connack(well(decode_connack(f, version_)));
        case packet_type::publish:
            return on_publish(well(decode_publish(f, version_, sender::server)));
        case packet_type::puback:
        case packet_type::pubrec:
        case packet_type::pubrel:
        case packet_type::pubcomp:
            return on_ack(f.type, well(decode_ack(f, version_)));
        case packet_type::suback: {
            const auto p = well(decode_suback(f, version_));
            return on_codes(f.type, p.id, p.codes);
        }
        case packet_type::unsuback: {
            const auto p = well(decode_unsuback(f, version_));
            return on_codes(f.type, p.id, p.codes);
        }
        case packet_type::pingresp:
            require(decode_empty(f).has_value(), "PINGRESP has a body");
            ++pongs_;
            return;
        case packet_type::disconnect: {
            require(version_ == protocol_version::v5, "DISCONNECT by a server of 3.1.1");
            const auto p = well(decode_disconnect(f, version_, sender::server));
            goodbye_ = true;
            hear("DISCONNECT " + std::string(to_string(p.code)));
            return;
        }
        default:
            throw broken_rule(std::string(to_string(f.type)) + " from a server");
    }
}

// --- The session ---------------------------------------------------------------------------------

void scripted_client::on_connack(const connack_packet& p) {
    ready_ = true;
    limits_ = p;
    assigned_id_ = p.assigned_client_id;
    refusal_ = p.reason_string;
    limits_.reason_string = limits_.assigned_client_id = limits_.response_information = {};
    fresh_ = !p.session_present;
    connack_ = "CONNACK";
    if (p.code != reason::success) {
        connack_ += " " + std::string(to_string(p.code));
        goodbye_ = true;
    } else if (p.session_present) {
        require(!with_.clean || !is_sane, "a session is present after clean start [MQTT-3.2.2-2]");
        connack_ += " present";
    }
    hear(connack_);
    if (p.code == reason::success) {
        resume();
    }
}

// [MQTT-4.4.0-1]
void scripted_client::resume() {
    puback_order_.clear();
    pubrec_order_.clear();
    if (fresh_) {
        in_.clear();
        released_.clear();
        out_.clear();
        return;
    }
    for (const auto& one : out_) {
        if (one.received) {
            encode_ack(to_server_, version_, packet_type::pubrel, one.id);
        } else {
            write(to_server_, one, true);
            waiting_for_answer(one.level).push_back(one.id);
        }
    }
}

// --- Messages to it ------------------------------------------------------------------------------

std::string scripted_client::topic_of(const publish_packet& p) {
    require(p.topic_alias <= with_.alias_maximum, "a topic alias over the maximum [MQTT-3.1.2-26]");
    if (p.topic_alias != 0 && !p.message.topic.empty()) {
        aliases_[p.topic_alias] = p.message.topic;
    }
    const auto topic =
        p.message.topic.empty() ? aliases_[p.topic_alias] : std::string(p.message.topic);
    require(!topic.empty(), "a topic alias that stands for nothing [MQTT-3.3.2-7]");
    return topic;
}

void scripted_client::on_publish(const publish_packet& p) {
    const auto topic = topic_of(p);
    const auto text = text_of(p, topic);
    note(" <- ", "PUBLISH " + std::to_string(p.id) + " " + text);
    heard_.push_back("PUBLISH " + text);
    const auto level = p.message.level;
    require(!p.message.duplicate || !fresh_,
            "DUP in a session that has just begun [MQTT-3.3.1-1]: " + text);
    if (level == qos::at_most_once || take(p, topic)) {
        messages_.push_back(text);
        if (on_message) {
            on_message(topic, std::string(p.message.payload), level);
        }
    }
    if (acknowledges && level != qos::at_most_once) {
        const auto answer = level == qos::at_least_once ? packet_type::puback : packet_type::pubrec;
        encode_ack(to_server_, version_, answer, p.id);
        note_ack(answer, p.id, reason::success);
    }
}

// Keeps its identifier; false: it has the message already.
bool scripted_client::take(const publish_packet& p, const std::string& topic) {
    const auto content = topic + '\0' + std::string(p.message.payload);
    const auto text = std::to_string(p.id) + " " + topic;
    bool is_new = true;
    const auto known =
        std::find_if(in_.begin(), in_.end(), [&](const incoming& one) { return one.id == p.id; });
    if (known != in_.end()) {
        // At QoS 1 what an earlier connection left unacknowledged binds nobody.
        is_new = known->level == qos::at_least_once;
        const bool same = known->level == p.message.level && known->content == content;
        require(!known->here && (is_new || (same && p.message.duplicate)),
                "a packet identifier that is in use [MQTT-2.2.1-4]: " + text);
        *known = {p.id, p.message.level, content, true};
    } else {
        if (const auto done = released_.find(p.id); done != released_.end()) {
            require(!is_sane || (p.message.duplicate && done->second == content &&
                                 !released_here_.contains(p.id)),
                    "a packet identifier that is in use [MQTT-4.3.3-1]: " + text);
            is_new = false;
        }
        in_.push_back({p.id, p.message.level, content, true});
    }
    require(version_ != protocol_version::v5 || under_way() <= with_.receive_maximum || !is_sane,
            "more than the Receive Maximum [MQTT-3.3.4-9]");
    return is_new;
}

void scripted_client::on_pubrel(std::uint16_t id) {
    if (!acknowledges) {
        return;
    }
    const bool known = released_.contains(id);
    encode_ack(to_server_, version_, packet_type::pubcomp, id,
               known ? reason::success : reason::packet_identifier_not_found);
    note_ack(packet_type::pubcomp, id, reason::success);
}

// --- Answers -------------------------------------------------------------------------------------

void scripted_client::on_ack(packet_type type, const ack_packet& p) {
    std::string text = std::string(to_string(type)) + " " + std::to_string(p.id);
    if (p.code != reason::success) {
        text += " " + std::string(to_string(p.code));
    }
    hear(text);
    if (type == packet_type::pubrel) {
        return on_pubrel(p.id);
    }
    const auto at =
        std::find_if(out_.begin(), out_.end(), [&](const outgoing& one) { return one.id == p.id; });
    if (at == out_.end() || !is_sane) {
        require(!is_sane, text + " answers nothing");
        return;
    }
    if (type == packet_type::pubcomp) {
        require(at->received, text + " came before PUBREC");
        out_.erase(at);
        return;
    }
    auto& order = waiting_for_answer(at->level);
    const bool fits = (type == packet_type::puback) == (at->level == qos::at_least_once);
    require(fits && !order.empty() && order.front() == p.id,
            text + " is out of order [MQTT-4.6.0-2, MQTT-4.6.0-3]");
    order.pop_front();
    if (on_answer) {
        on_answer(at->topic, at->payload, p.code);
    }
    if (type == packet_type::puback || is_failure(p.code)) {
        out_.erase(at);
        return;
    }
    at->received = true;
    if (acknowledges) {
        encode_ack(to_server_, version_, packet_type::pubrel, p.id);
    }
}

void scripted_client::on_codes(packet_type type, std::uint16_t id, std::string_view codes) {
    if (is_sane) {
        const bool asked =
            !asked_.empty() && asked_.front().answer == type && asked_.front().id == id;
        require(asked, std::string(to_string(type)) + " answers nothing, or out of order");
        const bool none = type == packet_type::unsuback && version_ != protocol_version::v5;
        require(codes.size() == (none ? 0 : asked_.front().codes),
                "not one code for each filter [MQTT-3.9.3-1]");
        asked_.pop_front();
    }
    codes_.clear();
    for (const auto code : codes) {
        codes_ += (codes_.empty() ? "" : ",") +
                  std::to_string(static_cast<int>(static_cast<std::uint8_t>(code)));
    }
    hear(std::string(to_string(type)) + " " + std::to_string(id) + ": " + codes_);
}

}  // namespace evergrass::mqtt::testing
