#pragma once

#include "cloud/greengrass/bulk_deployments.hpp"
#include "cloud/greengrass/upstream_finds.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace evergrass::cloud::greengrass {

// Works on the bulk deployment that has not ended, a few records a transaction, so that what is
// waited for is the disk once for all of them; while others wait for the store, one record, and
// they go before the next. All it knows is in the store: after a restart it
// goes on where it was, and a record whose deployment was committed is not deployed twice.
//
// start() and stop() belong to one thread; wake() is for any.
class bulk_runner {
public:
    // `in` outlives the runner; in.objects is set.
    explicit bulk_runner(greengrass_services& in) : in_(in) {}
    ~bulk_runner() { stop(); }
    bulk_runner(const bulk_runner&) = delete;
    bulk_runner& operator=(const bulk_runner&) = delete;

    // Before start(): of several services of one store, the one where `is_ours` says so works. Any
    // thread; must not block.
    void work_only_if(std::function<bool()> is_ours) { is_ours_ = std::move(is_ours); }

    void start();
    // Ends when the step that is under way is committed.
    void stop();
    // There may be something to do.
    void wake();

    // One step on the caller's thread: what start() has its thread do. How long to wait before the
    // next one, which is 0 where all is well; nullopt: there is nothing to do.
    std::optional<std::chrono::milliseconds> work_once();

private:
    // The record whose deployment met a fault of the service's, and how often.
    struct trouble {
        std::string bulk;
        std::int64_t ordinal = 0;
        int attempts = 0;
    };

    // What the record's deployment needs of APIs that are elsewhere.
    struct fetched {
        std::int64_t ordinal = 0;
        answer<upstream_finds> finds;
    };

    void work_until_stopped();
    result<void> fetch_next(const std::string& id);
    api_result deploy(const waiting_record& next);
    result<void> initialize(const bulk_deployment& begun);
    result<void> deploy_some(const std::string& id);
    result<void> deploy_next(bulk_deployment& running);
    result<bool> deploy_one(bulk_deployment& running, const waiting_record& next);
    result<void> fail(bulk_deployment& failed, std::vector<std::string> faults);
    bool may_try_again(const bulk_deployment& running, const waiting_record& next);

    greengrass_services& in_;
    std::optional<fetched> fetched_;
    std::function<bool()> is_ours_;  // empty: always
    trouble trouble_;
    int store_faults_ = 0;  // one after the other
    bool back_off_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace evergrass::cloud::greengrass
