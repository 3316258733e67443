#include "libs/pki/key_pool.hpp"

#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>
#include <optional>
#include <pthread.h>
#include <sched.h>
#include <utility>

namespace evergrass::pki {
namespace {

constexpr std::size_t first_target = 2;

}  // namespace

rsa_key_pool::rsa_key_pool(std::size_t most, std::function<std::string()> make)
    : most_(most), make_(std::move(make)) {}

rsa_key_pool::~rsa_key_pool() {
    {
        const std::lock_guard lock(mutex_);
        stops_ = true;
    }
    changed_.notify_all();
    if (worker_.joinable()) {
        // In the idle class it might not even learn of it while others work.
        const sched_param none{};
        ::pthread_setschedparam(worker_.native_handle(), SCHED_OTHER, &none);
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
    if (key.empty()) {
        key = make_ ? make_() : generate_rsa_key();
    }
    return key;
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
        auto key = make_ ? make_() : detail::generate_rsa_key(stops_);
        lock.lock();
        if (key) {
            keys_.push_back(std::move(*key));
        }
    }
}

}  // namespace evergrass::pki
