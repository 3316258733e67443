#pragma once

#include "libs/mqtt/session_journal.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// For tests of what a session journal keeps.
namespace evergrass::mqtt {

inline std::string ticks(wall_time at) {
    return std::to_string(at.time_since_epoch().count());
}

// A long one as its length and a hash.
inline std::string payload_text(const std::string& payload) {
    return payload.size() <= 64 ? payload
                                : std::to_string(payload.size()) + " bytes " +
                                      std::to_string(std::hash<std::string>()(payload));
}

inline std::string to_text(const message_ptr& m) {
    if (!m) {
        return "-";
    }
    return m->topic + "|" + payload_text(*m->payload) + "|" + m->properties + "|" + m->source +
           "|" + std::to_string(static_cast<int>(m->level)) + (m->retain ? "r" : "") +
           (m->expires_at ? "@" + ticks(*m->expires_at) : "");
}

// One line for each thing that is kept; equal when all of it is equal.
inline std::string to_text(const session_journal::kept_session& s) {
    std::string text = "session " + s.client_id + " v" +
                       std::to_string(static_cast<int>(s.version)) + " expires " +
                       std::to_string(s.expiry_seconds) +
                       (s.left_at ? " left " + ticks(*s.left_at) : "") + "\n";
    for (const auto& sub : s.subscriptions) {
        const auto& o = sub.options;
        text += "  " + sub.filter + " " + std::to_string(static_cast<int>(o.level)) +
                (o.no_local ? "n" : "") + (o.retain_as_published ? "r" : "") +
                std::to_string(static_cast<int>(o.retained)) + " id " +
                std::to_string(sub.subscription_id) + "\n";
    }
    for (const auto& d : s.deliveries) {
        text += "  delivery " + std::to_string(d.order) + " packet " + std::to_string(d.packet_id) +
                " " + std::to_string(static_cast<int>(d.level)) + (d.retain ? "r" : "") +
                " state " + std::to_string(static_cast<int>(d.state)) + " ids";
        for (const auto id : d.subscription_ids) {
            text += " " + std::to_string(id);
        }
        text += " " + to_text(d.message) + "\n";
    }
    for (const auto id : s.received_packet_ids) {
        text += "  received " + std::to_string(id) + "\n";
    }
    if (s.delayed_will) {
        text +=
            "  will " + ticks(s.delayed_will->due) + " " + to_text(s.delayed_will->message) + "\n";
    }
    return text;
}

inline std::string to_text(const std::vector<session_journal::kept_session>& sessions,
                           const std::vector<message_ptr>& retained) {
    std::string text;
    for (const auto& s : sessions) {
        text += to_text(s);
    }
    for (const auto& m : retained) {
        text += "retained " + to_text(m) + "\n";
    }
    return text;
}

inline message_ptr a_message(std::string topic, std::string payload,
                             std::optional<wall_time> expires_at = {}) {
    auto made = std::make_shared<stored_message>();
    made->topic = std::move(topic);
    made->payload = std::make_shared<const std::string>(std::move(payload));
    made->level = qos::at_least_once;
    made->source = "publisher";
    made->expires_at = expires_at;
    return made;
}

inline session_journal::delivery a_delivery(std::string client_id, std::uint64_t order,
                                            std::uint16_t packet_id = 1,
                                            qos level = qos::at_least_once) {
    session_journal::delivery d;
    d.client_id = std::move(client_id);
    d.order = order;
    d.packet_id = packet_id;
    d.level = level;
    return d;
}

// 2024-01-01, turned by the test.
class turned_clock final : public clock {
public:
    wall_time now() const override { return now_; }
    void turn_to(wall_time t) { now_ = t; }
    void turn_by(std::chrono::seconds s) { now_ += s; }

private:
    wall_time now_{std::chrono::seconds(1'704'067'200)};
};

}  // namespace evergrass::mqtt
