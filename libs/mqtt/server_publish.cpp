#include "libs/base/errors.hpp"
#include "libs/mqtt/server_session.hpp"

#include <algorithm>
#include <limits>

// PUBLISH in both directions, and PUBACK.
namespace evergrass::mqtt {

bool server_session::within_topic_limits(packet_type type, std::string_view topic) {
    if (topic.size() > options_.max_topic_bytes) {
        violation({errc::too_large, std::string(to_string(type)) + " has a topic of " +
                                        std::to_string(topic.size()) + " bytes; " +
                                        std::to_string(options_.max_topic_bytes) +
                                        " are possible"});
        return false;
    }
    const auto levels = 1 + static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
    if (levels > options_.max_topic_levels) {
        violation({errc::too_large,
                   std::string(to_string(type)) + " has a topic of " + std::to_string(levels) +
                       " levels; " + std::to_string(options_.max_topic_levels) + " are possible"});
        return false;
    }
    return true;
}

void server_session::handle_publish(const frame& f) {
    const auto p = decode_publish(f);
    if (!p) {
        return violation(p.error());
    }
    if (p->message.level == qos::exactly_once) {
        return violation(
            {errc::unsupported, "PUBLISH has QoS 2, which is not supported; use QoS 0 or 1"});
    }
    if (!within_topic_limits(f.type, p->message.topic)) {
        return;
    }
    if (!owner_.on_publish(p->message)) {
        return close(close_cause::owner, "the PUBLISH was refused");
    }
    if (p->message.level == qos::at_least_once && !closed()) {
        encode_packet_id(output_.tail(), packet_type::puback, p->id);
    }
}

void server_session::handle_puback(const frame& f) {
    const auto id = decode_packet_id(f);
    if (!id) {
        return violation(id.error());
    }
    // An id that we don't know does no harm, and clients send them after a reconnect.
    if (const auto known = unacknowledged_.find(*id); known != unacknowledged_.end()) {
        unacknowledged_bytes_ -= known->second;
        unacknowledged_.erase(known);
    }
}

std::optional<std::uint16_t> server_session::take_packet_id() {
    if (unacknowledged_.size() == std::numeric_limits<std::uint16_t>::max()) {
        return std::nullopt;
    }
    do {
        ++last_id_;
    } while (last_id_ == 0 || unacknowledged_.count(last_id_) > 0);
    return last_id_;
}

send_result server_session::publish(std::string_view topic,
                                    const std::shared_ptr<const std::string>& payload, qos level,
                                    bool retain) {
    if (!connected_ || closed()) {
        return send_result::not_connected;
    }
    level = std::min(level, qos::at_least_once);
    const auto bytes = publish_size(topic.size(), payload->size(), level);
    // A QoS 1 message counts twice as long as it is neither written nor acknowledged.
    if (output_.size() + unacknowledged_bytes_ + bytes > options_.max_queued_bytes) {
        return send_result::queue_full;
    }
    std::uint16_t id = 0;
    if (level == qos::at_least_once) {
        const auto taken = take_packet_id();
        if (!taken) {
            return send_result::queue_full;
        }
        id = *taken;
        unacknowledged_.emplace(id, bytes);
        unacknowledged_bytes_ += bytes;
    }
    encode_publish_head(output_.tail(), topic, payload->size(), level, retain, false, id);
    if (!payload->empty()) {
        output_.append_payload(payload);
    }
    return send_result::queued;
}

}  // namespace evergrass::mqtt
