#include "cloud/admin/expired_keys.hpp"

#include "cloud/gateway/access_keys.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;

// The clock may be set meanwhile.
constexpr std::chrono::milliseconds longest_wait = 60s;

}  // namespace

expired_keys::expired_keys(store& state, const clock& time,
                           const boost::asio::any_io_executor& executor,
                           std::function<void(const std::string&)> cut_off, logger log)
    : state_(state),
      time_(time),
      cut_off_(std::move(cut_off)),
      log_(std::move(log)),
      looked_(time.now()),
      timer_(executor) {}

void expired_keys::look() {
    const auto keys = list_access_keys(state_);
    if (!keys) {
        log_.error("Cannot tell which access keys have expired; looking again in a minute.",
                   {{"error", keys.error()}});
        wait(longest_wait);
        return;
    }
    const auto now = time_.now();
    std::vector<std::string> over;
    auto next = longest_wait;
    bool any = false;
    {
        const std::lock_guard hold(mutex_);
        for (const auto& key : *keys) {
            if (!key.expires || key.revoked) {
                continue;
            }
            if (*key.expires > now) {
                any = true;
                // Not a millisecond early: it would still count.
                const auto left =
                    std::chrono::ceil<std::chrono::milliseconds>(*key.expires - now) + 1ms;
                next = std::min(next, left);
            } else if (*key.expires > looked_) {
                over.push_back(key.id);
            }
        }
        looked_ = now;
    }
    for (const auto& id : over) {
        cut_off_(id);
    }
    if (any) {
        wait(next);
    }
}

void expired_keys::wait(std::chrono::milliseconds until_next) {
    const std::lock_guard hold(mutex_);
    if (stopped_) {
        return;
    }
    timer_.expires_after(until_next);
    timer_.async_wait([this](const auto& code) {
        if (!code) {
            look();
        }
    });
}

void expired_keys::stop() {
    const std::lock_guard hold(mutex_);
    stopped_ = true;
    timer_.cancel();
}

}  // namespace evergrass::cloud
