#pragma once

#include "edge/shadows/shadow_store.hpp"
#include "edge/shadows/sync_engine.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/shadow/carry_out.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

// Something for the worker to do.
struct shadow_job {
    enum class kind { ask, list, hear, link_up, link_down, follow, tick, clear } what = kind::ask;
    // ask
    shadow::shadow_id which{};
    shadow::operation operation = shadow::operation::get;
    std::string payload{};  // of hear too
    // Gets the body of `accepted`, or the error. Empty: it came over MQTT and is answered there.
    std::function<void(const result<std::string>&)> answered{};
    bool is_too_many = false;  // refuse it with 429
    // hear
    std::string topic{};
    // follow
    std::map<shadow::shadow_id, sync_direction> followed{};
};

// What came of a batch, after it was committed.
struct shadow_report {
    struct answer {
        std::function<void(const result<std::string>&)> to;
        result<std::string> body;
    };
    std::vector<shadow::message> said;  // to devices and functions
    std::vector<shadow::message> for_cloud;
    std::vector<answer> answers;
    std::vector<shadow::shadow_id> changed;
    std::optional<mono_time> wake_at;  // with a tick
    sync_engine::numbers synced;
};

struct shadow_worker_settings {
    sync_settings sync;
    // That may exist; one more is refused.
    std::int64_t most_shadows = 10'000;
};

// Carries out what is asked of the core's shadows, and keeps them in step with the cloud's: a batch
// in one transaction. Blocks on the disk. One thread.
class shadow_worker {
public:
    // `time` outlives it.
    shadow_worker(shadow_worker_settings settings, std::unique_ptr<shadow_store> store,
                  const clock& time, logger log);
    ~shadow_worker();

    // Where the disk fails, jobs are tried one by one; those that fail are answered with 500.
    shadow_report run(const std::vector<shadow_job>& batch);

private:
    class documents;

    result<void> try_all(const std::vector<shadow_job>& batch, shadow_report& into);
    result<void> try_one(const shadow_job& job, shadow_report& into);
    result<void> ask(const shadow_job& job, shadow_report& into);
    result<void> list(const shadow_job& job, shadow_report& into);
    void give_up(const shadow_job& job, const error& why, shadow_report& into);
    void log_troubles();

    shadow_worker_settings settings_;
    std::unique_ptr<shadow_store> store_;
    const clock& time_;
    logger log_;
    std::unique_ptr<documents> documents_;
    sync_engine engine_;
};

}  // namespace evergrass::edge
