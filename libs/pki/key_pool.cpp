#include "libs/pki/key_pool.hpp"

#include "libs/pki/pki.hpp"

#include <algorithm>
#include <sched.h>
#include <utility>

namespace evergrass::pki {
namespace {

constexpr std::size_t first_target = 2;

}  // namespace

rsa_key_pool::rsa_key_pool(std::size_t most, std::function<std::string()> make)
    : most_(most), make_(make ? std::move(make) : [] { return generate_rsa_key(); }) {}

rsa_key_pool::~rsa_key_pool() {
    {
        const std::lock_guard lock(mutex_);
        stops_ = true;
    }
    changed_.notify_all();
    if (worker_.joinable()) {
        worker_.join();
    }
}

std::string rsa_key_pool::take() {
    std::string key;
    {
        const std::lock_guard lock(mutex_);
        if (!keys_.empty()) {
            key = std::move(keys_.front());
            keys_.pop_front();
        } else {
            wanted_ = std::min(most_, std::max(first_target, wanted_ * 2));
        }
        if (!worker_.joinable()) {
            worker_ = std::thread([this] { work(); });
        }
    }
    changed_.notify_one();
    return key.empty() ? make_() : key;
}

std::size_t rsa_key_pool::waiting() const {
    const std::lock_guard lock(mutex_);
    return keys_.size();
}

void rsa_key_pool::work() {
    // Refused, it only competes with the others for the processor.
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
    std::unique_lock lock(mutex_);
    while (!stops_) {
        if (keys_.size() >= wanted_) {
            changed_.wait(lock);
            continue;
        }
        lock.unlock();
        auto key = make_();
        lock.lock();
        keys_.push_back(std::move(key));
    }
}

}  // namespace evergrass::pki
