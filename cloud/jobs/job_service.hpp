#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/jobs/job_changes.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/jobs/errors.hpp"
#include "libs/jobs/messages.hpp"
#include "libs/jobs/topics.hpp"
#include "libs/mqtt/policy.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace evergrass::cloud {

// What a device asks of its jobs, over MQTT or HTTP.
struct device_job_request {
    std::string thing;
    jobs::request what = jobs::request::get_pending;
    std::string job_id;
    std::string payload;    // over MQTT; checked when its turn comes
    json::object body;      // over HTTP
    std::string topic;      // over MQTT, where the request came in
    std::string requester;  // client id of who is answered over MQTT; empty: all who subscribed
    jobs::document_form form = jobs::document_form::json;
    // Gets the answer, or the error, after the commit; on the service's thread, or on the caller's
    // where the request is not taken. Must not block. Empty: it is answered over MQTT.
    std::function<void(const result<json::object>&)> answered;
    mqtt::receipt pending;  // released when the answer is with those for whom it is
};

// What came of it. A refusal changed nothing; `current` is what it was held against.
struct device_job_answer {
    json::object body;
    std::optional<error> refused;
    std::optional<jobs::execution> current;
};

// IoT jobs: carries out what the API and devices ask of them, one after another in the order of
// their coming, looks after timers and rollouts, and says over MQTT what came of it (docs/jobs.md).
// What waits is carried out in one transaction.
//
// Any thread. It asks no policies: whoever calls has asked.
class job_service final : public mqtt::external_target {
public:
    // Says a message, at QoS 1.
    using publisher = std::function<void(job_message)>;
    using work = std::function<api_result(job_changes&)>;

    // What is passed by reference outlives the service.
    job_service(store& state, const service_identity& identity, const clock& time,
                job_url_signer sign, logger log);
    ~job_service() override;  // stop()

    // Before begin(): of several services of one store, the one where `is_ours` says so looks after
    // timers and rollouts. Any thread; must not block.
    void look_only_if(std::function<bool()> is_ours) { is_ours_ = std::move(is_ours); }
    // There may be something due that another service has begun. Does not wait.
    void look_soon();

    // Requests wait until then. `say` is called on the service's thread until stop().
    void begin(publisher say);

    void ask(device_job_request asked);
    // A message to one of the topics of jobs::parse_request_topic().
    void deliver(const mqtt::publication& message, const mqtt::receipt& pending) override;

    // An operation of the API. Waits until it is carried out: committed, or undone where the answer
    // is an error. It may run twice where the disk failed; the first time is undone.
    api_result perform(work operation);

    // Things or groups are no longer as they were. Does not wait.
    void things_changed();
    // Does what is due by the clock now, and waits for it.
    void look();

    // Carries out what waits; what comes later is refused.
    void stop();

private:
    struct task {
        // An error is the store's. Run again alone when the transaction failed.
        std::function<result<void>(job_changes&)> run;
        // After the commit, and after the messages were said.
        std::function<void(const result<void>&)> done;
    };

    bool enqueue(task wanted);
    void work_until_stopped();
    std::vector<task> next_tasks();
    void carry_out(std::vector<task> tasks);
    result<std::vector<job_message>> try_all(const std::vector<task>& tasks);
    task as_task(device_job_request asked);

    store& state_;
    const service_identity& identity_;
    const clock& time_;
    const job_url_signer sign_;
    logger log_;
    publisher say_;
    std::function<bool()> is_ours_;  // empty: always

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<task> waiting_;
    bool begun_ = false;
    bool stopped_ = false;
    bool follow_things_ = false;
    bool look_ = false;
    std::optional<std::int64_t> due_;  // the worker's own
    std::thread worker_;
};

// Each in the file of its name; the caller is in the transaction.
result<device_job_answer> get_pending_job_executions(job_changes& changes,
                                                     const device_job_request& asked);
result<device_job_answer> start_next_pending_job_execution(job_changes& changes,
                                                           const device_job_request& asked);
result<device_job_answer> describe_pending_job_execution(job_changes& changes,
                                                         const device_job_request& asked);
result<device_job_answer> update_job_execution(job_changes& changes,
                                               const device_job_request& asked);

}  // namespace evergrass::cloud
