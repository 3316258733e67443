#include "libs/rt/deadline.hpp"

#include <cstdint>
#include <optional>

namespace evergrass::rt {

// The timer is left alone as long as it goes off early enough: a connection arms its deadlines
// several times for each request, and almost none is ever reached.
struct deadline::state {
    using time_point = boost::asio::steady_timer::time_point;

    boost::asio::steady_timer timer;
    std::function<void()> on_expiry;
    std::optional<time_point> due;  // when armed
    std::optional<time_point> set;  // when the timer goes off
    std::uint64_t generation = 0;   // a wait of an older generation has nothing to say any more
    bool expired = false;

    static void wait(const std::shared_ptr<state>& self, time_point until) {
        self->set = until;
        self->timer.expires_at(until);
        self->timer.async_wait([self, generation = ++self->generation](auto code) {
            if (!code && self->generation == generation) {
                went_off(self);
            }
        });
    }

    static void went_off(const std::shared_ptr<state>& self) {
        self->set.reset();
        if (!self->due) {
            return;
        }
        if (*self->due > boost::asio::steady_timer::clock_type::now()) {
            wait(self, *self->due);
            return;
        }
        self->due.reset();
        self->expired = true;
        if (self->on_expiry) {
            self->on_expiry();
        }
    }
};

deadline::deadline(const boost::asio::any_io_executor& executor, std::function<void()> expired)
    : state_(new state{boost::asio::steady_timer(executor), std::move(expired), {}, {}}) {}

deadline::~deadline() {
    disarm();
    state_->on_expiry = nullptr;
    ++state_->generation;
    state_->timer.cancel();
}

void deadline::arm(std::chrono::nanoseconds limit) {
    state_->expired = false;
    state_->due = boost::asio::steady_timer::clock_type::now() + limit;
    if (!state_->set || *state_->set > *state_->due) {
        state::wait(state_, *state_->due);
    }
}

void deadline::disarm() {
    state_->due.reset();
}

bool deadline::expired() const {
    return state_->expired;
}

}  // namespace evergrass::rt
