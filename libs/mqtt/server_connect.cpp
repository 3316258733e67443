#include "libs/mqtt/lifetime.hpp"
#include "libs/mqtt/server_link.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::mqtt {
namespace {

// As if it was to be published at once; the broker counts its expiry from when it really is
// [MQTT5 3.1.3.2.4].
session_journal::will make_will(const will_view& will, const std::string& source, wall_time now) {
    auto made = std::make_shared<stored_message>();
    made->topic = will.topic;
    made->payload = std::make_shared<const std::string>(will.payload);
    made->level = will.level;
    made->retain = will.retain;
    std::string scratch;
    made->properties = forwarded_properties(will.properties, scratch);
    if (will.message_expiry) {
        made->expires_at = after(now, *will.message_expiry);
    }
    made->source = source;
    return {std::move(made), now};
}

}  // namespace

void server_link::refuse(reason code, std::string_view why) {
    shard_.shared.log.info("An MQTT client was refused.", {{"clientId", client_id_},
                                                           {"remote", identity_.remote_address},
                                                           {"reason", std::string(why)}});
    connack_packet answer;
    answer.code = code;
    std::string bytes;
    encode_connack(bytes, version_, answer);
    if (is_v5() && problem_information_) {
        answer.reason_string = why;
        std::string explained;
        encode_connack(explained, version_, answer);
        bytes = explained.size() <= max_packet_ ? explained : bytes;  // [MQTT-3.2.2-19]
    }
    if (!bytes.empty() && bytes.size() <= max_packet_) {
        output_.tail() += bytes;
    }
    end(false, why);
    closing_ = true;
    tell();
}

void server_link::handle_connect(const frame& f) {
    const auto p = decode_connect(f);
    if (!p) {
        version_ = connect_level(f) == 5 ? protocol_version::v5 : protocol_version::v3_1_1;
        if (is_v5() && shard_.shared.options.behaviour == profile::full) {
            refuse(p.error().code, p.error().what);
        } else {
            violation(p.error());  // 3.1.1 has no code for it [MQTT-3.1.4-1]
        }
        return;
    }
    version_ = p->version();
    problem_information_ = p->request_problem_information;
    max_packet_ = p->maximum_packet_size.value_or(max_packet_);
    if (!check_connect(*p)) {
        return;
    }
    auto admitted = shard_.shared.rules.admit(identity_, client_id_, *p);
    if (is_failure(admitted.code)) {
        refuse(admitted.code, to_string(admitted.code));
        return;
    }
    const auto& limits = shard_.shared.options;
    const auto* const known = shard_.find(client_id_);
    if ((known == nullptr || known->link == nullptr) &&
        shard_.shared.connections.load(std::memory_order_relaxed) >= limits.max_connections) {
        refuse(is_v5() ? reason::server_busy : reason::server_unavailable,
               "there are too many connections");
        return;
    }
    if (known == nullptr &&
        shard_.shared.sessions.load(std::memory_order_relaxed) >= limits.max_sessions) {
        refuse(is_v5() ? reason::quota_exceeded : reason::server_unavailable,
               "there are too many sessions");
        return;
    }
    accept(*p, std::move(admitted));
}

// What no policy has to be asked for.
bool server_link::check_connect(const connect_packet& p) {
    const auto& limits = shard_.shared.options;
    const bool known_level =
        p.protocol_level == 4 || (p.protocol_level == 5 && limits.behaviour == profile::full);
    if (!known_level) {
        refuse(reason::unsupported_protocol_version, "this version of MQTT is not spoken here");
        return false;
    }
    if (p.client_id.empty() && !is_v5() && !p.clean_start) {
        refuse(reason::client_identifier_not_valid,
               "a session is to be kept, but the client id is empty [MQTT-3.1.3-8]");
        return false;
    }
    if (p.authentication_method) {
        refuse(reason::bad_authentication_method, "no enhanced authentication is offered");
        return false;
    }
    if (p.will) {
        const auto levels = 1 + static_cast<std::size_t>(
                                    std::count(p.will->topic.begin(), p.will->topic.end(), '/'));
        if (p.will->topic.size() > limits.max_topic_bytes || levels > limits.max_topic_levels) {
            refuse(is_v5() ? reason::topic_name_invalid : reason::server_unavailable,
                   "the will's topic is over the server's limits");
            return false;
        }
        if (p.will->level > limits.maximum_qos) {
            refuse(is_v5() ? reason::qos_not_supported : reason::server_unavailable,
                   "the will's QoS is above the server's maximum [MQTT-3.2.2-12]");
            return false;
        }
    }
    return true;
}

void server_link::take_limits(const connect_packet& p) {
    const auto& limits = shard_.shared.options;
    window_ = std::min(p.receive_maximum, limits.max_inflight);
    alias_maximum_ = std::min(p.topic_alias_maximum, limits.topic_alias_maximum);
    keep_alive_ = p.keep_alive_seconds;
    if (is_v5() && limits.max_keep_alive != 0 &&
        (keep_alive_ == 0 || keep_alive_ > limits.max_keep_alive)) {
        keep_alive_ = limits.max_keep_alive;
    }
    if (p.will) {
        will_ = make_will(*p.will, client_id_, shard_.wall);
        will_delay_ = p.will->delay_seconds;
    }
    check_silence();
}

std::string server_link::make_connack(const connect_packet& p, bool session_present,
                                      std::uint32_t expiry) const {
    const auto& limits = shard_.shared.options;
    connack_packet answer;
    answer.session_present = session_present;
    if (is_v5()) {
        if (expiry != p.session_expiry) {
            answer.session_expiry = expiry;
        }
        answer.receive_maximum = limits.receive_maximum;
        answer.maximum_qos = limits.maximum_qos;
        answer.maximum_packet_size = static_cast<std::uint32_t>(limits.max_packet_bytes);
        answer.topic_alias_maximum = limits.topic_alias_maximum;
        if (assigned_) {
            answer.assigned_client_id = client_id_;
        }
        if (keep_alive_ != p.keep_alive_seconds) {
            answer.server_keep_alive = keep_alive_;
        }
    }
    std::string bytes;
    encode_connack(bytes, version_, answer);
    return bytes;
}

void server_link::accept(const connect_packet& p, admission admitted) {
    const auto& limits = shard_.shared.options;
    const bool v1 = limits.behaviour == profile::v1;
    asked_expiry_ = p.session_expiry;
    max_expiry_ = v1 ? 0 : std::min(limits.max_session_expiry, admitted.max_session_expiry);
    const auto expiry = std::min(asked_expiry_, max_expiry_);
    auto* which = shard_.find(client_id_);
    if (which != nullptr && which->link != nullptr) {
        which->link->close(reason::session_taken_over,
                           "another connection with the same client id took over [MQTT-3.1.4-3]");
        which = shard_.find(client_id_);  // it may have ended with its connection
    }
    client_info info{client_id_, version_, identity_, std::move(admitted.context)};
    const bool present = which != nullptr && !p.clean_start;
    session_journal::sequence seq = 0;
    if (present) {
        which->info = std::move(info);
        seq = shard_.resume_session(*which, expiry);
    } else {
        which = &shard_.begin_session(std::move(info), expiry, seq);
    }
    session_ = which;
    which->link = this;
    accepted_ = true;
    shard_.shared.connections.fetch_add(1, std::memory_order_relaxed);
    take_limits(p);
    if (limits.wills_elsewhere && shard_.shared.journal != nullptr) {
        const auto delay = std::min(will_delay_, expiry);
        const auto kept = shard_.shared.journal->will_begun(which->info, will_, delay, present);
        seq = std::max(seq, kept);
        will_is_elsewhere_ = will_.has_value();
    }
    shard_.share_connected(*which, true);
    shard_.shared.rules.connected(which->info, present);
    // Held until it is saved that an older session is no more, or that this one goes on.
    auto until = which->journaled || seq != 0 ? make_receipt() : nullptr;
    shard_.keep_until(seq, until);
    reply(make_connack(p, present, expiry), std::move(until), reply_kind::connack);
    if (ready_) {
        shard_.drain(*which);
    }
}

}  // namespace evergrass::mqtt
