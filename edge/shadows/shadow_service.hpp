#pragma once

#include "edge/router/router.hpp"
#include "edge/shadows/shadow_worker.hpp"
#include "libs/base/log.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace evergrass::edge {

struct shadow_settings {
    std::filesystem::path file;  // docs/formats/shadow-database.md
    shadow_worker_settings worker;
};

// What a subscription to the cloud needs so that the engine hears of these shadows: two filters
// each, `$aws/things/T/shadow/+/accepted` and `…/rejected`.
std::set<std::string> sync_filters(const std::map<shadow::shadow_id, sync_direction>& followed);

// Waits for a change of a shadow.
struct shadow_watcher {
    shadow_watcher(const boost::asio::any_io_executor& executor, mono_time limit)
        : timer(executor, limit) {}
    boost::asio::steady_timer timer;  // cancelled at the change
    bool changed = false;
};

// The core's shadow service (docs/shadows.md): the router's sink and source "GGShadowService", and
// what functions and people ask directly. Requests are carried out in the order of their coming on
// a thread of its own; what waits goes into one transaction, and is answered when that is on the
// disk. All members and callbacks on the executor.
class shadow_service final : public sink {
public:
    // `messages` and `time` outlive it.
    shadow_service(boost::asio::any_io_executor executor, shadow_settings settings,
                   router& messages, const clock& time, logger log);
    ~shadow_service() override;

    // Without it, and when it fails, every request is answered with 500. The error names the file
    // and what to do.
    result<void> open();
    // Carries out what was asked; what comes later is refused. Joins the thread.
    void stop();

    // `answered` gets the body of `accepted`, or the error (shadow::to_refusal); never within the
    // call.
    void ask(shadow::shadow_id which, shadow::operation what, std::string payload,
             std::function<void(const result<std::string>&)> answered);
    // As functions ask: the topic of a request, and an answer that is a body in each case
    // (spec/lambda-ipc.md §3.2).
    void ask_as_function(std::string_view topic, std::string payload,
                         std::function<void(std::string)> answered);
    // A JSON array of {"thing", "name"} of the shadows that exist, in order.
    void list(std::function<void(const result<std::string>&)> answered);
    // Marks and wakes it, once, when the shadow has changed.
    void watch(const shadow::shadow_id& which, std::weak_ptr<shadow_watcher> waiting);

    std::optional<drop_reason> deliver(const endpoint& source, const endpoint& target,
                                       const message& m) override;
    std::optional<drop_reason> would_drop(const endpoint& target,
                                          std::string_view topic) const override;

    // The way to the cloud. Set before open().
    std::function<void(std::string topic, std::string payload)> to_cloud;
    void follow(std::map<shadow::shadow_id, sync_direction> wanted);
    void link(bool up);
    // True: it is of a followed shadow. What is not the engine's is left alone.
    bool hear(std::string_view topic, std::string_view payload);

    // Forgets all shadows: a reset of the group's deployments.
    void clear();

    sync_engine::numbers synced() const { return synced_; }

private:
    void push(shadow_job job);
    void work();
    std::vector<shadow_job> take_batch();
    void tell(shadow_report came);
    void wake_at(std::optional<mono_time> when);

    boost::asio::any_io_executor executor_;
    shadow_settings settings_;
    router& router_;
    const clock& time_;
    logger log_;
    std::unique_ptr<shadow_worker> worker_;  // on the pool's thread, once open
    std::map<shadow::shadow_id, sync_direction> followed_;
    std::multimap<shadow::shadow_id, std::weak_ptr<shadow_watcher>> watchers_;
    sync_engine::numbers synced_;
    boost::asio::steady_timer timer_;
    bool linked_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

    std::mutex mutex_;  // of what follows
    std::deque<shadow_job> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool working_ = false;
    bool stopped_ = false;
    boost::asio::thread_pool pool_{1};
};

}  // namespace evergrass::edge
