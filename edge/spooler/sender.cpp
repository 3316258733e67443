#include "edge/spooler/sender.hpp"

#include <utility>

namespace evergrass::edge {

sender::sender(mqtt::client& client, spooler& queue, sender_settings settings, logger log)
    : client_(client), queue_(queue), settings_(settings), log_(std::move(log)) {}

sender::~sender() {
    *alive_ = false;
}

void sender::pump() {
    if (std::exchange(pumping_, true)) {
        return;  // an outcome within publish(): the loop goes on
    }
    while (!stopped_ && client_.connected() && in_flight_ < settings_.window &&
           (in_flight_ == 0 || bytes_in_flight_ < settings_.window_bytes)) {
        auto next = queue_.next();
        if (!next) {
            break;
        }
        const auto bytes = next->topic.size() + next->payload->size();
        ++in_flight_;  // before: a message that can never be sent is answered at once
        bytes_in_flight_ += bytes;
        const auto sent =
            client_.publish(next->topic, next->payload, mqtt::qos::at_least_once,
                            [this, alive = alive_, number = next->number, bytes,
                             topic = next->topic](const result<mqtt::acknowledgement>& answer) {
                                if (*alive) {
                                    outcome(number, bytes, topic, answer);
                                }
                            });
        if (sent != mqtt::send_result::queued) {
            --in_flight_;
            bytes_in_flight_ -= bytes;
            queue_.put_back();
            break;
        }
    }
    pumping_ = false;
}

void sender::outcome(std::uint64_t number, std::uint64_t bytes, std::string_view topic,
                     const result<mqtt::acknowledgement>& answer) {
    --in_flight_;
    bytes_in_flight_ -= bytes;
    if (stopped_) {
        return;  // the spooler knows whether the next start finds it
    }
    if (answer) {
        ++delivered_;
    } else {
        log_.warn("A message for the cloud was not delivered.", {{"reason", answer.error()}});
        if (on_refused) {
            on_refused(topic);
        }
    }
    queue_.done(number);
    pump();
}

}  // namespace evergrass::edge
