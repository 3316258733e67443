#pragma once

#include "libs/mqtt/client_session.hpp"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// What must hold whatever a server sends: for the fuzz targets of the MQTT client. A breach aborts.
namespace evergrass::mqtt::fuzz {

inline void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// Counts the answers to each call: one, or none when nothing was taken.
class answer_book {
public:
    template <class Outcome>
    std::function<void(Outcome)> expect() {
        told_.push_back(0);
        return [this, at = told_.size() - 1](const Outcome&) { must(++told_[at] == 1); };
    }
    // The last call took nothing.
    void not_taken() {
        must(told_.back() == 0);
        told_.back() = 1;
    }
    void all_told() const {
        for (const auto times : told_) {
            must(times == 1);
        }
    }

private:
    std::vector<int> told_;
};

// Reads what the client sends as a strict server would, that said `p` in its CONNACK.
class strict_reader {
public:
    explicit strict_reader(protocol_version version) : version_(version) {}

    void new_connection() { *this = strict_reader(version_); }
    void accepted(const connack_packet& p) { limits_ = p; }
    // Of the server, to the client.
    void acknowledged(std::uint16_t id) { under_way_.erase(id); }
    void answered(std::uint16_t id) { questions_.erase(id); }

    void read(std::string_view bytes);

    const std::set<std::uint16_t>& under_way() const { return under_way_; }
    const std::map<std::uint16_t, packet_type>& questions() const { return questions_; }

private:
    void read(const frame& f);
    void read_publish(const frame& f);

    protocol_version version_;
    std::optional<connack_packet> limits_;
    std::set<std::uint16_t> under_way_;               // QoS 1 and 2, unacknowledged
    std::map<std::uint16_t, packet_type> questions_;  // SUBSCRIBE and UNSUBSCRIBE
    std::map<std::uint16_t, std::string> aliases_;
    bool connect_came_ = false;
    bool disconnect_came_ = false;
};

inline void strict_reader::read(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto next = next_frame(bytes, SIZE_MAX);
        must(next && *next);
        must(!disconnect_came_);
        must(connect_came_ == ((*next)->type != packet_type::connect));
        if (limits_) {
            must((*next)->size <= limits_->maximum_packet_size.value_or(UINT32_MAX));
        }
        read(**next);
        bytes.remove_prefix((*next)->size);
    }
}

inline void strict_reader::read(const frame& f) {
    must(limits_ || f.type == packet_type::connect);
    switch (f.type) {
        case packet_type::connect:
            must(decode_connect(f).has_value());
            connect_came_ = true;
            return;
        case packet_type::publish:
            return read_publish(f);
        case packet_type::puback:
        case packet_type::pubrec:
        case packet_type::pubrel:
        case packet_type::pubcomp:
            must(decode_ack(f, version_).has_value());
            return;
        case packet_type::subscribe: {
            const auto p = decode_subscribe(f, version_);
            must(p.has_value());
            must(!under_way_.contains(p->id) && questions_.emplace(p->id, f.type).second);
            for (const auto& each : p->requests) {
                must(limits_->wildcard_subscription_available ||
                     each.filter.find_first_of("+#") == std::string_view::npos);
                must(limits_->shared_subscription_available || !each.filter.starts_with("$share/"));
            }
            must(limits_->subscription_identifiers_available || p->subscription_id == 0);
            return;
        }
        case packet_type::unsubscribe: {
            const auto p = decode_unsubscribe(f, version_);
            must(p.has_value());
            must(!under_way_.contains(p->id) && questions_.emplace(p->id, f.type).second);
            return;
        }
        case packet_type::pingreq:
            must(decode_empty(f).has_value());
            return;
        case packet_type::disconnect:
            must(decode_disconnect(f, version_).has_value());
            disconnect_came_ = true;
            return;
        default:
            std::abort();
    }
}

inline void strict_reader::read_publish(const frame& f) {
    const auto p = decode_publish(f, version_);
    must(p.has_value());
    must(p->message.level <= limits_->maximum_qos);
    must(limits_->retain_available || !p->message.retain);
    must(p->topic_alias <= limits_->topic_alias_maximum);
    if (p->topic_alias != 0) {
        auto& topic = aliases_[p->topic_alias];
        must(!topic.empty() || !p->message.topic.empty());
        if (!p->message.topic.empty()) {
            topic = p->message.topic;
        }
    }
    if (p->message.level != qos::at_most_once) {
        must(under_way_.insert(p->id).second && !questions_.contains(p->id));
        must(under_way_.size() <= limits_->receive_maximum);
    }
}

// All that is to be written.
inline std::string take_output(client_session& session, mono_time now) {
    std::string all;
    for (auto piece = session.output().begin_write(); !piece.empty();
         piece = session.output().begin_write()) {
        all += piece;
        session.written(now);
    }
    return all;
}

}  // namespace evergrass::mqtt::fuzz
