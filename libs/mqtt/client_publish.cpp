#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"
#include "libs/mqtt/client_tell.hpp"

#include <algorithm>
#include <utility>

// PUBLISH to the server. Its acknowledgements are in client_acknowledge.cpp.
namespace evergrass::mqtt {
namespace {

// Of messages that were sent, acknowledged ones among them: those behind one that the server leaves
// unacknowledged. Leaves packet identifiers for subscriptions.
constexpr std::size_t windows_in_sight = 4;
constexpr std::size_t most_in_sight = 60'000;

std::uint32_t seconds_left(mono_time until, mono_time now) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(until - now).count();
    return static_cast<std::uint32_t>(std::max<decltype(left)>(left, 1));
}

}  // namespace

send_result client_session::publish(std::string topic, std::shared_ptr<const std::string> payload,
                                    publish_options options, published_callback done,
                                    mono_time now) {
    outgoing m;
    m.topic = std::move(topic);
    m.payload = std::move(payload);
    m.level = options.level;
    m.retain = options.retain;
    m.done = std::move(done);
    auto possible = check_properties(options.properties);
    if (possible && !speaks_5() && options.properties != message_properties{}) {
        possible = error{errc::unsupported, "message properties need MQTT 5.0; this is 3.1.1"};
    }
    if (possible) {
        m.properties = encode_properties(options.properties);
        if (options.properties.expiry) {
            m.expires_at = now + std::chrono::seconds(*options.properties.expiry);
        }
        possible = check_message(m, now);
    }
    if (!possible) {
        tell_later(std::move(m.done), result<acknowledgement>(possible.error()));
        tell();
        return send_result::queued;
    }
    if (m.level == qos::at_most_once) {
        return publish_at_most_once(std::move(m), now);
    }
    if (queued_bytes_ + m.bytes() > options_.max_queued_bytes ||
        queue_.size() >= options_.max_queued_messages) {
        return send_result::queue_full;
    }
    queued_bytes_ += m.bytes();
    queue_.push_back(std::move(m));
    send_waiting(now);
    tell();
    return send_result::queued;
}

result<void> client_session::check_message(const outgoing& m, mono_time now) const {
    if (const auto checked = check_topic_name(m.topic); !checked) {
        return checked;
    }
    const auto bytes = publish_size(options_.version, head_of(m, now));
    if (bytes > options_.max_packet_bytes) {
        return error{errc::too_large, "the message takes " + std::to_string(bytes) + " bytes; " +
                                          std::to_string(options_.max_packet_bytes) +
                                          " are possible"};
    }
    return connected() ? check_server_takes(m, now) : result<void>();
}

result<void> client_session::check_server_takes(const outgoing& m, mono_time now) const {
    const auto named = [&] { return "the message to '" + m.topic + "'"; };
    if (m.id == 0 && m.expires_at && *m.expires_at <= now) {
        return error{errc::timed_out, named() + " expired before it could be sent"};
    }
    if (m.level > server_.maximum_qos) {
        return error{errc::unsupported, named() + " has QoS " +
                                            std::to_string(static_cast<int>(m.level)) +
                                            "; the server takes at most " +
                                            std::to_string(static_cast<int>(server_.maximum_qos)) +
                                            " [MQTT-3.2.2-11]"};
    }
    if (m.retain && !server_.retain_available) {
        return error{errc::unsupported,
                     named() + " is to be retained, which the server does not do [MQTT-3.2.2-14]"};
    }
    const auto bytes = publish_size(options_.version, head_of(m, now));
    if (bytes > server_.maximum_packet_size.value_or(bytes)) {
        return error{errc::too_large,
                     named() + " takes " + std::to_string(bytes) + " bytes; the server takes " +
                         std::to_string(*server_.maximum_packet_size) + " [MQTT-3.2.2-15]"};
    }
    return {};
}

publish_head client_session::head_of(const outgoing& m, mono_time now) const {
    publish_head head;
    head.topic = m.topic;
    head.payload_bytes = m.payload->size();
    head.level = m.level;
    head.retain = m.retain;
    head.id = m.id;
    if (m.expires_at) {
        head.message_expiry = seconds_left(*m.expires_at, now);
    }
    head.forwarded = m.properties;
    return head;
}

void client_session::append_publish(const outgoing& m, bool duplicate, mono_time now) {
    auto head = head_of(m, now);
    head.duplicate = duplicate;
    auto largest = head;
    largest.topic_alias = 1;
    const auto limit = server_.maximum_packet_size.value_or(UINT32_MAX);
    if (publish_size(options_.version, largest) <= limit) {
        const auto [alias, known] = aliases_.choose(m.topic);
        head.topic_alias = alias;
        head.topic = known ? std::string_view() : head.topic;
    }
    encode_publish_head(output_.tail(), options_.version, head);
    if (!m.payload->empty()) {
        output_.append_payload(m.payload);
    }
}

send_result client_session::publish_at_most_once(outgoing m, mono_time now) {
    if (!connected()) {
        return send_result::not_connected;
    }
    if (output_.size() + m.bytes() > options_.max_queued_bytes) {
        return send_result::queue_full;
    }
    append_publish(m, false, now);
    if (m.done) {
        unwritten_.push_back({output_.total_appended(), std::move(m.done)});
    }
    return send_result::queued;
}

// What the server lets us have under way [MQTT-3.3.4-7].
std::size_t client_session::window() const {
    return std::min<std::size_t>(options_.max_inflight, server_.receive_maximum);
}

// In order, from the place on that this connection has reached: on a new one from the start
// [MQTT-4.6.0-1].
void client_session::send_waiting(mono_time now) {
    const auto sight = std::min(windows_in_sight * window(), most_in_sight);
    for (; connected() && sent_ < queue_.size(); ++sent_) {
        auto& m = queue_[sent_];
        if (m.at == outgoing::stage::finished) {
            continue;
        }
        if (m.at == outgoing::stage::released) {
            encode_ack(output_.tail(), options_.version, packet_type::pubrel, m.id);
            await_answer(now);
            ++inflight_;
            continue;
        }
        if (inflight_ >= window() || sent_ >= sight) {
            break;
        }
        if (const auto possible = check_server_takes(m, now); !possible) {
            finish(m, possible.error());
            continue;
        }
        const bool again = m.id != 0;  // sent on an earlier connection [MQTT-3.3.1-1]
        if (!again) {
            m.id = take_packet_id();
            ids_.emplace(m.id, popped_ + sent_);
        }
        append_publish(m, again, now);
        await_answer(now);
        ++inflight_;
    }
    trim();
}

}  // namespace evergrass::mqtt
