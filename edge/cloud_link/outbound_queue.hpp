#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace evergrass::edge {

// A message on its way to the cloud.
struct outbound_message {
    std::string topic;
    std::shared_ptr<const std::string> payload;

    std::size_t size() const { return topic.size() + payload->size(); }
};

// What waits for the cloud: first in, first out, bounded in bytes. When a new message does not fit,
// the oldest give way, as V1's spooler had it (spec/core.md §10), and are counted. Pure; one
// thread.
class outbound_queue {
public:
    explicit outbound_queue(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    // Called with each message that gives way.
    std::function<void(const outbound_message&)> on_overwritten;

    // False when the message alone is larger than the queue: then nothing changes.
    bool push(outbound_message m);
    std::optional<outbound_message> pop();
    // Puts a message back at the front, when it was taken but could not be sent.
    void put_back(outbound_message m);

    std::size_t messages() const { return waiting_.size(); }
    std::size_t bytes() const { return bytes_; }
    std::uint64_t overwritten() const { return overwritten_; }

private:
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::uint64_t overwritten_ = 0;
    std::deque<outbound_message> waiting_;
};

}  // namespace evergrass::edge
