#include "cloud/jobs/job_service.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

namespace evergrass::cloud {
namespace {

// What may wait; more is refused with RequestThrottled.
constexpr std::size_t most_waiting = 20'000;
// Of one transaction: bounds how long others wait for the store.
constexpr std::size_t largest_batch = 128;
// How long the worker sleeps where nothing is due: the clock may be set meanwhile.
constexpr std::chrono::minutes longest_sleep{1};

error too_many() {
    return {jobs::errc::request_throttled, "Too many requests. Try again later."};
}

result<device_job_answer> run_request(job_changes& changes, const device_job_request& asked) {
    switch (asked.what) {
        case jobs::request::get_pending:
            return get_pending_job_executions(changes, asked);
        case jobs::request::start_next:
            return start_next_pending_job_execution(changes, asked);
        case jobs::request::describe:
            return describe_pending_job_execution(changes, asked);
        case jobs::request::update:
            return update_job_execution(changes, asked);
        case jobs::request::unknown:
            break;
    }
    device_job_answer refused;
    refused.refused =
        error{jobs::errc::invalid_topic, "No request of jobs has this topic: " + asked.topic};
    return refused;
}

// Reads the payload first where the request came over MQTT.
result<device_job_answer> answer_request(job_changes& changes, device_job_request& asked,
                                         jobs::client_token& token) {
    if (!asked.topic.empty()) {
        auto body = jobs::parse_body(asked.payload, token);
        if (!body) {
            device_job_answer refused;
            refused.refused = body.error();
            return refused;
        }
        asked.body = std::move(*body);
    }
    return run_request(changes, asked);
}

}  // namespace

job_service::job_service(store& state, const service_identity& identity, const clock& time,
                         job_url_signer sign, logger log)
    : state_(state),
      identity_(identity),
      time_(time),
      sign_(std::move(sign)),
      log_(std::move(log)) {}

job_service::~job_service() {
    stop();
}

void job_service::begin(publisher say) {
    const std::lock_guard hold(mutex_);
    if (begun_ || stopped_) {
        return;
    }
    say_ = std::move(say);
    begun_ = true;
    follow_things_ = true;  // what changed when the last process ended
    worker_ = std::thread([this] { work_until_stopped(); });
}

bool job_service::enqueue(task wanted) {
    {
        const std::lock_guard hold(mutex_);
        if (stopped_ || waiting_.size() >= most_waiting) {
            return false;
        }
        waiting_.push_back(std::move(wanted));
    }
    changed_.notify_one();
    return true;
}

void job_service::ask(device_job_request asked) {
    const auto kept = std::make_shared<device_job_request>(std::move(asked));
    if (enqueue(as_task(*kept))) {
        return;
    }
    log_.warn("A request for a job is refused: too many wait, or the service stops.",
              {{"thing", kept->thing}, {"jobId", kept->job_id}});
    if (kept->answered) {
        kept->answered(too_many());
    }
}

void job_service::deliver(const mqtt::publication& message, const mqtt::receipt& pending) {
    auto topic = jobs::parse_request_topic(message.topic());
    if (!topic) {
        return;
    }
    device_job_request asked;
    asked.thing = std::move(topic->thing);
    asked.what = topic->what;
    asked.job_id = std::move(topic->job_id);
    asked.payload = message.payload();
    asked.topic = message.topic();
    asked.requester = message.source();
    asked.pending = pending;
    ask(std::move(asked));
}

job_service::task job_service::as_task(device_job_request asked) {
    struct state {
        device_job_request asked;
        jobs::client_token token;
        device_job_answer answer;
    };
    const auto kept = std::make_shared<state>();
    kept->asked = std::move(asked);
    task made;
    made.run = [kept](job_changes& changes) -> result<void> {
        auto answer = answer_request(changes, kept->asked, kept->token);
        if (!answer) {
            return answer.error();
        }
        kept->answer = std::move(*answer);
        if (kept->asked.answered) {
            return {};
        }
        const auto& refused = kept->answer.refused;
        auto body = refused
                        ? jobs::rejected(jobs::to_refusal(*refused),
                                         kept->answer.current ? &*kept->answer.current : nullptr,
                                         changes.now(), kept->token)
                        : jobs::accepted(kept->answer.body, changes.now(), kept->token);
        changes.say({kept->asked.topic + (refused ? "/rejected" : "/accepted"),
                     json::serialize(body), kept->asked.requester, kept->asked.pending});
        return {};
    };
    made.done = [this, kept](const result<void>& done) {
        const auto& answer = kept->answer;
        if (!done) {
            log_.error("A request for a job failed; nothing of it was kept.",
                       {{"thing", kept->asked.thing},
                        {"jobId", kept->asked.job_id},
                        {"error", done.error()}});
        }
        if (!kept->asked.answered) {
            if (!done) {
                say_({kept->asked.topic + "/rejected",
                      json::serialize(jobs::rejected(jobs::to_refusal(done.error()), nullptr,
                                                     to_epoch_milliseconds(time_.now()),
                                                     kept->token)),
                      kept->asked.requester, kept->asked.pending});
            }
        } else if (!done) {
            kept->asked.answered(done.error());
        } else if (answer.refused) {
            kept->asked.answered(*answer.refused);
        } else {
            kept->asked.answered(answer.body);
        }
        kept->asked.pending.reset();
    };
    return made;
}

api_result job_service::perform(work operation) {
    struct state {
        work operation;
        std::optional<api_result> outcome;
        std::promise<api_result> answered;
    };
    const auto kept = std::make_shared<state>();
    kept->operation = std::move(operation);
    auto answer = kept->answered.get_future();
    task wanted;
    wanted.run = [kept](job_changes& changes) -> result<void> {
        const auto said = changes.said();
        const auto done = changes.state().db().transaction([&]() -> result<void> {
            kept->outcome.emplace(kept->operation(changes));
            if (kept->outcome->has_error()) {
                return error{errc::invalid_input, "undone"};
            }
            return {};
        });
        if (!done) {
            changes.unsay(said);
            return kept->outcome && kept->outcome->has_error() ? result<void>() : done;
        }
        return {};
    };
    wanted.done = [kept](const result<void>& done) {
        kept->answered.set_value(done ? *kept->outcome : api_result(internal_error(done.error())));
    };
    if (!enqueue(std::move(wanted))) {
        return api_error{503, "ServiceUnavailableException",
                         "Too many requests wait, or the service stops. Try again later."};
    }
    return answer.get();
}

void job_service::things_changed() {
    {
        const std::lock_guard hold(mutex_);
        follow_things_ = true;
    }
    changed_.notify_one();
}

void job_service::look_soon() {
    {
        const std::lock_guard hold(mutex_);
        look_ = true;
    }
    changed_.notify_one();
}

void job_service::look() {
    std::promise<void> looked;
    auto done = looked.get_future();
    task wanted;
    wanted.run = [](job_changes& changes) -> result<void> {
        const auto all = changes.look();
        return all ? result<void>() : result<void>(all.error());
    };
    wanted.done = [&looked](const result<void>&) { looked.set_value(); };
    if (enqueue(std::move(wanted))) {
        done.wait();
    }
}

void job_service::stop() {
    std::deque<task> never_begun;
    {
        const std::lock_guard hold(mutex_);
        stopped_ = true;
        if (!begun_) {
            never_begun.swap(waiting_);
        }
    }
    changed_.notify_one();
    if (worker_.joinable()) {
        worker_.join();
    }
    for (const auto& each : never_begun) {
        each.done(error{errc::unavailable, "the service stops"});
    }
}

void job_service::work_until_stopped() {
    for (;;) {
        auto tasks = next_tasks();
        if (tasks.empty()) {
            return;
        }
        carry_out(std::move(tasks));
    }
}

// What waits, or what is due; nothing: the service stops and all is done.
std::vector<job_service::task> job_service::next_tasks() {
    std::unique_lock hold(mutex_);
    for (;;) {
        std::vector<task> tasks;
        if (std::exchange(follow_things_, false)) {
            tasks.push_back({[](job_changes& changes) { return changes.follow_things(); },
                             [this](const result<void>& done) {
                                 if (!done) {
                                     log_.error("Jobs could not follow their thing groups.",
                                                {{"error", done.error()}});
                                 }
                             }});
        }
        while (!waiting_.empty() && tasks.size() < largest_batch) {
            tasks.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
        const auto now = to_epoch_milliseconds(time_.now());
        const bool is_due = std::exchange(look_, false) || (due_ && *due_ <= now);
        if (is_due && is_ours_ && !is_ours_()) {
            due_.reset();
        } else if (is_due) {
            tasks.push_back({[](job_changes& changes) -> result<void> {
                                 const auto all = changes.look();
                                 return all ? result<void>() : result<void>(all.error());
                             },
                             [this](const result<void>& done) {
                                 if (!done) {
                                     log_.error(
                                         "Timers and rollouts of jobs could not be looked at.",
                                         {{"error", done.error()}});
                                 }
                             }});
        }
        if (!tasks.empty() || stopped_) {
            return tasks;
        }
        const auto until_due =
            due_ ? std::chrono::milliseconds(*due_ - now) : std::chrono::milliseconds::max();
        changed_.wait_for(hold, std::min<std::chrono::milliseconds>(until_due, longest_sleep));
    }
}

void job_service::carry_out(std::vector<task> tasks) {
    auto said = try_all(tasks);
    if (said) {
        for (auto& each : *said) {
            say_(std::move(each));
        }
        for (const auto& each : tasks) {
            each.done({});
        }
        return;
    }
    if (tasks.size() > 1) {
        // One of them, or the disk: those that can be served are.
        for (auto& each : tasks) {
            std::vector<task> alone;
            alone.push_back(std::move(each));
            carry_out(std::move(alone));
        }
        return;
    }
    // A look that failed is not repeated at once.
    due_ = to_epoch_milliseconds(time_.now() + longest_sleep);
    tasks[0].done(said.error());
}

result<std::vector<job_message>> job_service::try_all(const std::vector<task>& tasks) {
    job_changes changes(state_, identity_, to_epoch_milliseconds(time_.now()), sign_, log_);
    std::vector<job_message> said;
    std::optional<std::int64_t> due;
    const auto hold = state_.db().lock();
    const auto committed = state_.db().transaction([&]() -> result<void> {
        for (const auto& each : tasks) {
            if (auto done = each.run(changes); !done) {
                return done;
            }
        }
        auto all = changes.finish();
        if (!all) {
            return all.error();
        }
        said = std::move(*all);
        const auto at = changes.due();
        if (!at) {
            return at.error();
        }
        due = *at;
        return {};
    });
    if (!committed) {
        return committed.error();
    }
    due_ = due;
    return said;
}

}  // namespace evergrass::cloud
