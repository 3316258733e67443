#include "edge/cloud_link/outbound_queue.hpp"

namespace evergrass::edge {

bool outbound_queue::push(outbound_message m) {
    if (m.size() > max_bytes_) {
        return false;
    }
    while (bytes_ + m.size() > max_bytes_) {
        bytes_ -= waiting_.front().size();
        if (on_overwritten) {
            on_overwritten(waiting_.front());
        }
        waiting_.pop_front();
        ++overwritten_;
    }
    bytes_ += m.size();
    waiting_.push_back(std::move(m));
    return true;
}

std::optional<outbound_message> outbound_queue::pop() {
    if (waiting_.empty()) {
        return std::nullopt;
    }
    auto m = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= m.size();
    return m;
}

void outbound_queue::put_back(outbound_message m) {
    bytes_ += m.size();
    waiting_.push_front(std::move(m));
}

}  // namespace evergrass::edge
