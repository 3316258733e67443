#pragma once

#include "libs/base/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// Wakes the long polls of a core when there is a deployment for it. Any thread.
//
// No deployment slips between looking and waiting: a poll watches first, then looks into the store,
// then waits; what was notified since it began to watch ends the wait at once.
class deployment_notifier {
public:
    class watch;

    deployment_notifier() = default;
    deployment_notifier(const deployment_notifier&) = delete;
    deployment_notifier& operator=(const deployment_notifier&) = delete;

    // Call it after the deployment is committed. False: no poll of the core waits.
    bool notify(std::string_view core_thing);

    // The same at every service of the store.
    void announce(const std::string& core_thing) {
        notify(core_thing);
        if (tell_others) {
            tell_others(core_thing);
        }
    }

    // Set at start-up. Empty: there are no others.
    std::function<void(const std::string& core_thing)> tell_others;

    // How many polls are waiting or about to.
    std::size_t watchers() const;

private:
    struct waiter;

    mutable std::mutex mutex_;
    std::multimap<std::string, std::shared_ptr<waiter>, std::less<>> waiters_;
};

// Registered from construction to destruction; the notifier outlives it. Used by one coroutine,
// whose executor runs one handler at a time.
class deployment_notifier::watch {
public:
    watch(deployment_notifier& notifier, std::string core_thing,
          const boost::asio::any_io_executor& executor);
    ~watch();
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    // Ends at a notification, at `until`, or when the coroutine is cancelled, which throws.
    boost::asio::awaitable<void> wait(mono_time until);

private:
    deployment_notifier& notifier_;
    std::multimap<std::string, std::shared_ptr<waiter>, std::less<>>::iterator place_;
};

}  // namespace evergrass::cloud
