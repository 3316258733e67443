#include "libs/pki/key_pool.hpp"

#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace evergrass::pki {
namespace {

constexpr std::size_t first_target = 2;
constexpr int least_priority = 19;

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
    // Not the idle class: who isn't root never gets out of it again, and in it this thread may not
    // even learn that it is to end while others work.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), least_priority);
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
