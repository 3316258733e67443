#include "libs/rt/deadline.hpp"

#include <cstdint>

namespace evergrass::rt {

struct deadline::state {
    boost::asio::steady_timer timer;
    std::function<void()> on_expiry;
    std::uint64_t generation = 0;  // a wait of an older generation has nothing to say any more
    bool expired = false;
};

deadline::deadline(const boost::asio::any_io_executor& executor, std::function<void()> expired)
    : state_(new state{boost::asio::steady_timer(executor), std::move(expired)}) {}

deadline::~deadline() {
    disarm();
    state_->on_expiry = nullptr;
}

void deadline::arm(std::chrono::nanoseconds limit) {
    disarm();
    state_->expired = false;
    state_->timer.expires_after(limit);
    state_->timer.async_wait([state = state_, generation = state_->generation](auto code) {
        if (code || state->generation != generation) {
            return;
        }
        state->expired = true;
        if (state->on_expiry) {
            state->on_expiry();
        }
    });
}

void deadline::disarm() {
    ++state_->generation;
    state_->timer.cancel();
}

bool deadline::expired() const {
    return state_->expired;
}

}  // namespace evergrass::rt
