#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"

#include <algorithm>
#include <utility>

// PUBLISH in both directions, and PUBACK.
namespace evergrass::mqtt {

send_result client_session::publish(std::string topic, std::shared_ptr<const std::string> payload,
                                    qos level, done_callback done, mono_time now) {
    auto checked = check_topic_name(topic);
    const auto bytes = publish_size(topic.size(), payload->size(), level);
    if (checked && bytes > options_.max_packet_bytes) {
        checked =
            error{errc::too_large, "the message takes " + std::to_string(bytes) + " bytes; " +
                                       std::to_string(options_.max_packet_bytes) + " are possible"};
    }
    if (!checked) {
        if (done) {
            done(checked.error());
        }
        return send_result::queued;
    }
    if (level == qos::at_most_once) {
        return publish_at_most_once(topic, payload, std::move(done));
    }
    outgoing fresh{std::move(topic), std::move(payload), std::move(done)};
    if (queued_bytes_ + fresh.bytes() > options_.max_queued_bytes) {
        return send_result::queue_full;
    }
    queued_bytes_ += fresh.bytes();
    queue_.push_back(std::move(fresh));
    send_waiting(now);
    return send_result::queued;
}

send_result client_session::publish_at_most_once(std::string_view topic,
                                                 const std::shared_ptr<const std::string>& payload,
                                                 done_callback done) {
    if (!connected()) {
        return send_result::not_connected;
    }
    if (output_.size() + topic.size() + payload->size() > options_.max_queued_bytes) {
        return send_result::queue_full;
    }
    encode_publish_head(output_.tail(), topic, payload->size(), qos::at_most_once, false, false, 0);
    if (!payload->empty()) {
        output_.append_payload(payload);
    }
    if (done) {
        unwritten_.push_back({output_.total_appended(), std::move(done)});
    }
    return send_result::queued;
}

void client_session::send_waiting(mono_time now) {
    while (connected() && sent_ < queue_.size() && inflight_ < options_.max_inflight) {
        auto& next = queue_[sent_++];
        if (next.acknowledged) {
            continue;
        }
        begin_waiting(now);
        const bool again = next.id != 0;  // sent on an earlier connection [MQTT-3.3.1-1]
        if (!again) {
            next.id = take_packet_id();
            ids_in_queue_.insert(next.id);
        }
        ++inflight_;
        encode_publish_head(output_.tail(), next.topic, next.payload->size(), qos::at_least_once,
                            false, again, next.id);
        if (!next.payload->empty()) {
            output_.append_payload(next.payload);
        }
    }
}

void client_session::handle_puback(const frame& f, mono_time now) {
    const auto id = decode_packet_id(f);
    if (!id) {
        return fail(id.error().context);
    }
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(sent_);
    const auto found = std::find_if(
        queue_.begin(), end, [&](const outgoing& o) { return o.id == *id && !o.acknowledged; });
    if (found == end) {
        return;  // nothing of ours; a late answer to what was sent twice looks like this
    }
    found->acknowledged = true;
    --inflight_;
    queued_bytes_ -= found->bytes();
    ids_in_queue_.erase(*id);
    last_progress_ = now;
    const auto done = std::move(found->done);
    while (!queue_.empty() && queue_.front().acknowledged) {
        queue_.pop_front();
        --sent_;
    }
    send_waiting(now);
    if (done) {
        done({});
    }
}

void client_session::handle_publish(const frame& f) {
    const auto p = decode_publish(f);
    if (!p) {
        return fail(p.error().context);
    }
    if (p->message.level == qos::exactly_once) {
        return fail("PUBLISH has QoS 2, which was never asked for [MQTT-3.8.4-6]");
    }
    owner_.on_message(p->message);
    if (p->message.level == qos::at_least_once && connected()) {
        encode_packet_id(output_.tail(), packet_type::puback, p->id);
    }
}

}  // namespace evergrass::mqtt
