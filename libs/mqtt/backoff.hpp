#pragma once

#include <algorithm>
#include <chrono>

namespace evergrass::mqtt {

// How long to wait before each new attempt to connect: twice as long as before, up to a limit.
class backoff {
public:
    using duration = std::chrono::milliseconds;

    backoff(duration first, duration most) : first_(first), most_(most), next_(first) {}

    // `random` in 0..255 spreads clients that lost the same server at the same moment over the
    // second half of the delay.
    duration next(unsigned random) {
        const auto delay = std::min(next_, most_);
        next_ = std::min(2 * delay, most_);
        return delay / 2 + delay / 2 * random / 255;
    }

    // A connection that ends at once is no success: two clients with one id that take over from
    // each other would go on without a pause.
    void connection_ended(std::chrono::nanoseconds lasted) {
        if (lasted >= std::chrono::seconds(10)) {
            next_ = first_;
        }
    }

private:
    duration first_;
    duration most_;
    duration next_;
};

}  // namespace evergrass::mqtt
