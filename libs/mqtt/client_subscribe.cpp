#include "libs/base/errors.hpp"
#include "libs/mqtt/client_session.hpp"

#include <algorithm>
#include <utility>

// SUBSCRIBE -> SUBACK and UNSUBSCRIBE -> UNSUBACK.
namespace evergrass::mqtt {

void client_session::subscribe(std::string filter, qos level, granted_callback done,
                               mono_time now) {
    if (const auto checked = check_topic_filter(filter); !checked) {
        if (done) {
            done(checked.error());
        }
        return;
    }
    auto& s = subscriptions_[filter];
    s.level = std::min(level, qos::at_least_once);
    if (done) {
        s.waiting.push_back(std::move(done));
    }
    if (connected()) {
        send_subscribe(filter, s.level, now);
    }
}

void client_session::send_subscribe(const std::string& filter, qos level, mono_time now) {
    begin_waiting(now);
    const auto id = take_packet_id();
    subscribing_.emplace(id, filter);
    encode_subscribe(output_.tail(), id, filter, level);
}

void client_session::handle_suback(const frame& f, mono_time now) {
    const auto p = decode_suback(f);
    if (!p) {
        return fail(p.error().context);
    }
    const auto pending = subscribing_.find(p->id);
    if (pending == subscribing_.end()) {
        return;  // nothing of ours
    }
    if (p->codes.size() != 1) {
        return fail("SUBACK has " + std::to_string(p->codes.size()) +
                    " return codes for one filter [MQTT-3.8.4-5]");
    }
    const auto filter = std::move(pending->second);
    subscribing_.erase(pending);
    last_progress_ = now;
    const auto s = subscriptions_.find(filter);
    if (s == subscriptions_.end()) {
        return;  // unsubscribed meanwhile
    }
    const auto code = static_cast<std::uint8_t>(p->codes[0]);
    result<qos> answer = std::min(static_cast<qos>(code), qos::at_least_once);
    if (code == suback_failure) {
        answer = error{errc::denied, "the server refused the subscription to '" + filter + "'"};
    }
    for (const auto& done : std::exchange(s->second.waiting, {})) {
        done(answer);
    }
}

void client_session::unsubscribe(std::string_view filter, mono_time now) {
    const auto s = subscriptions_.find(filter);
    if (s == subscriptions_.end()) {
        return;
    }
    const auto waiting = std::move(s->second.waiting);
    subscriptions_.erase(s);
    if (connected()) {
        begin_waiting(now);
        const auto id = take_packet_id();
        unsubscribing_.insert(id);
        encode_unsubscribe(output_.tail(), id, filter);
    }
    for (const auto& done : waiting) {
        done(error{errc::closed, "unsubscribed before the server answered"});
    }
}

void client_session::handle_unsuback(const frame& f, mono_time now) {
    const auto id = decode_packet_id(f);
    if (!id) {
        return fail(id.error().context);
    }
    if (unsubscribing_.erase(*id) > 0) {
        last_progress_ = now;
    }
}

}  // namespace evergrass::mqtt
