#include "edge/devices/hand_over.hpp"

#include "edge/devices/source_name.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace evergrass::edge {

struct hand_over::destination {
    endpoint target;
    std::vector<way_number> ways;
};

struct hand_over::parcel {
    parcel* next = nullptr;
    endpoint source;
    std::shared_ptr<const destination> to;
    message what;  // with its receipt

    std::size_t bytes() const { return what.topic.size() + what.payload->size(); }
};

// One target of the table.
class hand_over::way final : public mqtt::external_target {
public:
    way(std::shared_ptr<hand_over> owner, destination to)
        : owner_(std::move(owner)), to_(std::make_shared<const destination>(std::move(to))) {}

    void deliver(const mqtt::publication& message, const mqtt::receipt& pending) override {
        auto one = std::make_unique<parcel>();
        one->source = source_end(message.source());
        one->to = to_;
        one->what = {std::string(message.topic()), message.shared_payload(), pending};
        owner_->push(std::move(one));
    }

private:
    std::shared_ptr<hand_over> owner_;
    std::shared_ptr<const destination> to_;
};

hand_over::hand_over(boost::asio::any_io_executor executor, router& messages)
    : executor_(std::move(executor)), router_(messages) {}

hand_over::~hand_over() {
    for (auto* next = take_all(); next != nullptr;) {  // came while close() drained
        const std::unique_ptr<parcel> one(next);
        next = one->next;
        router_.count_drop(drop_reason::core_stopped, one->source, one->what.topic,
                           &one->to->target);
    }
}

std::shared_ptr<mqtt::external_target> hand_over::to(const endpoint& target,
                                                     std::span<const way_number> ways) {
    return std::make_shared<way>(shared_from_this(),
                                 destination{target, {ways.begin(), ways.end()}});
}

void hand_over::push(std::unique_ptr<parcel> one) {
    const auto size = one->bytes();
    const auto before = bytes_.fetch_add(size, std::memory_order_relaxed);
    const bool closed = closed_.load(std::memory_order_relaxed);
    if (closed || before + size > max_bytes) {
        bytes_.fetch_sub(size, std::memory_order_relaxed);
        router_.count_drop(closed ? drop_reason::core_stopped : drop_reason::core_busy, one->source,
                           one->what.topic, &one->to->target);
        return;
    }
    auto* const fresh = one.release();
    auto* older = newest_.load(std::memory_order_relaxed);
    do {
        fresh->next = older;
    } while (!newest_.compare_exchange_weak(older, fresh, std::memory_order_release,
                                            std::memory_order_relaxed));
    if (older == nullptr) {  // the first since the executor looked; `fresh` may be gone by now
        boost::asio::post(executor_, [self = weak_from_this()] {
            if (const auto alive = self.lock()) {
                alive->drain();
            }
        });
    }
}

// All that has come, oldest first.
hand_over::parcel* hand_over::take_all() {
    auto* newest = newest_.exchange(nullptr, std::memory_order_acquire);
    parcel* oldest = nullptr;
    while (newest != nullptr) {
        auto* const before = std::exchange(newest->next, oldest);
        oldest = std::exchange(newest, before);
    }
    return oldest;
}

void hand_over::drain() {
    for (auto* next = take_all(); next != nullptr;) {
        const std::unique_ptr<parcel> one(next);
        next = one->next;
        bytes_.fetch_sub(one->bytes(), std::memory_order_relaxed);
        router_.own_lane().hand(one->source, one->to->target, one->what, one->to->ways);
    }
}

void hand_over::close() {
    if (!closed_.exchange(true)) {
        drain();
    }
}

}  // namespace evergrass::edge
