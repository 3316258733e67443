#include "cloud/nodes/lease.hpp"

#include <chrono>
#include <utility>

namespace evergrass::cloud {
namespace {

constexpr std::chrono::seconds between_looks{1};

}  // namespace

lease::lease(std::string store_url, logger log)
    : url_(std::move(store_url)), log_(std::move(log)), worker_([this] { work(); }) {}

lease::~lease() {
    {
        const std::lock_guard hold(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    worker_.join();
}

void lease::work() {
    std::unique_lock hold(mutex_);
    while (!stopping_) {
        hold.unlock();
        if (!held_) {
            claim_.reset();
            // It may be lost again before take() has returned here.
            const auto is_lost = std::make_shared<std::atomic<bool>>(false);
            auto taken = db::serving_claim::take(url_, db::claim_kind::lead, [this, is_lost] {
                *is_lost = true;
                held_ = false;
                log_.info("Another service looks after what one does for all.");
            });
            if (taken) {
                claim_ = std::move(*taken);
                held_ = true;
                if (*is_lost) {
                    held_ = false;
                } else {
                    log_.info("This service looks after what one does for all.");
                }
            }
        }
        hold.lock();
        changed_.wait_for(hold, between_looks, [this] { return stopping_; });
    }
    hold.unlock();
    claim_.reset();
}

}  // namespace evergrass::cloud
