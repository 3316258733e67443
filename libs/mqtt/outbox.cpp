#include "libs/mqtt/outbox.hpp"

#include <utility>

namespace evergrass::mqtt {
namespace {

// A burst must not leave its memory with every connection for ever.
constexpr std::size_t max_spare_bytes = 16 * 1024;
constexpr std::size_t max_write_bytes = 64 * 1024;

}  // namespace

std::string& outbox::tail() {
    const bool last_is_fixed = pieces_.empty() || pieces_.back().shared != nullptr ||
                               (pieces_.size() == 1 && (writing_ > 0 || front_written_ > 0));
    if (last_is_fixed) {
        if (!pieces_.empty()) {
            finished_bytes_ += pieces_.back().bytes().size();
        }
        pieces_.push_back({std::exchange(spare_, {}), nullptr});
    }
    return pieces_.back().own;
}

void outbox::append_payload(const std::shared_ptr<const std::string>& payload) {
    if (payload->size() <= max_copied_payload) {
        tail() += *payload;
        return;
    }
    if (!pieces_.empty()) {
        finished_bytes_ += pieces_.back().bytes().size();
    }
    pieces_.push_back({{}, payload});
}

std::string_view outbox::begin_write() {
    if (pieces_.empty()) {
        return {};
    }
    const auto bytes = pieces_.front().bytes().substr(front_written_, max_write_bytes);
    writing_ = bytes.size();
    return bytes;
}

void outbox::written() {
    total_written_ += writing_;
    front_written_ += std::exchange(writing_, 0);
    auto& front = pieces_.front();
    const auto bytes = front.bytes().size();
    if (front_written_ < bytes) {
        return;
    }
    front_written_ = 0;
    if (pieces_.size() > 1) {
        finished_bytes_ -= bytes;
    }
    if (front.own.capacity() > spare_.capacity() && front.own.capacity() <= max_spare_bytes) {
        spare_ = std::move(front.own);
        spare_.clear();
    }
    pieces_.pop_front();
}

std::size_t outbox::size() const {
    return pieces_.empty() ? 0 : finished_bytes_ + pieces_.back().bytes().size() - front_written_;
}

void outbox::clear() {
    *this = outbox();
}

}  // namespace evergrass::mqtt
