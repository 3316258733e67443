#include "edge/shadows/shadow_service.hpp"

#include "libs/base/errors.hpp"
#include "libs/shadow/errors.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using shadow::operation;

// What may wait; requests beyond are refused with 429.
constexpr std::size_t most_waiting = 10'000;
constexpr std::size_t most_waiting_bytes = 16U * 1024 * 1024;
// Refusals have no payload, but they wait in the same order.
constexpr std::size_t most_refusals_waiting = 40'000;
// Of one transaction: bounds how long its first request waits for its last.
constexpr std::size_t largest_batch = 256;

const endpoint shadow_end{endpoint_kind::shadow_service, ""};

}  // namespace

std::set<std::string> sync_filters(const std::map<shadow::shadow_id, sync_direction>& followed) {
    std::set<std::string> filters;
    for (const auto& [which, way] : followed) {
        auto get = shadow::topic_of_request(which, operation::get);
        get.resize(get.size() - shadow::to_string(operation::get).size());
        filters.insert(get + "+/accepted");
        filters.insert(get + "+/rejected");
    }
    return filters;
}

shadow_service::shadow_service(asio::any_io_executor executor, shadow_settings settings,
                               router& messages, const clock& time, logger log)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      router_(messages),
      time_(time),
      log_(std::move(log)),
      timer_(executor_) {
    router_.set_sink(endpoint_kind::shadow_service, this);
}

shadow_service::~shadow_service() {
    stop();
    *alive_ = false;
    router_.set_sink(endpoint_kind::shadow_service, nullptr);
}

result<void> shadow_service::open() {
    auto store = shadow_store::open(settings_.file);
    if (!store) {
        return store.error();
    }
    if (const auto& moved = (*store)->moved_aside()) {
        log_.error("The shadow database was damaged; it is kept beside a new, empty one.",
                   {{"reason", *moved}, {"kept", settings_.file.string() + ".damaged"}});
    }
    worker_ = std::make_unique<shadow_worker>(settings_.worker, std::move(*store), time_, log_);
    return {};
}

void shadow_service::stop() {
    {
        const std::lock_guard hold(mutex_);
        stopped_ = true;
    }
    pool_.join();
    timer_.cancel();
}

void shadow_service::ask(shadow::shadow_id which, operation what, std::string payload,
                         std::function<void(const result<std::string>&)> answered) {
    shadow_job job;
    job.which = std::move(which);
    job.operation = what;
    job.payload = std::move(payload);
    job.answered = std::move(answered);
    push(std::move(job));
}

void shadow_service::ask_as_function(std::string_view topic, std::string payload,
                                     std::function<void(std::string)> answered) {
    auto asked = shadow::parse_request_topic(topic);
    const auto refuse = [&time = time_](const error& why) {
        return shadow::rejected(why, to_epoch_seconds(time.now()), {});
    };
    if (!asked) {
        const error wrong{shadow::errc::bad_request,
                          "custom.subject of the client context must be "
                          "$aws/things/THING/shadow/get, update or delete, not '" +
                              std::string(topic) + "'"};
        asio::post(executor_,
                   [answered = std::move(answered), body = refuse(wrong)] { answered(body); });
        return;
    }
    ask(std::move(asked->which), asked->what, std::move(payload),
        [refuse, answered = std::move(answered)](const result<std::string>& body) {
            answered(body ? *body : refuse(body.error()));
        });
}

void shadow_service::list(std::function<void(const result<std::string>&)> answered) {
    shadow_job job;
    job.what = shadow_job::kind::list;
    job.answered = std::move(answered);
    push(std::move(job));
}

void shadow_service::watch(const shadow::shadow_id& which, std::weak_ptr<shadow_watcher> waiting) {
    std::erase_if(watchers_, [](const auto& one) { return one.second.expired(); });
    watchers_.emplace(which, std::move(waiting));
}

std::optional<drop_reason> shadow_service::deliver(const endpoint&, const endpoint&,
                                                   const message& m) {
    auto asked = shadow::parse_request_topic(m.topic);
    if (!asked) {
        return drop_reason::not_a_shadow_request;
    }
    ask(std::move(asked->which), asked->what, *m.payload, {});
    return std::nullopt;
}

std::optional<drop_reason> shadow_service::would_drop(const endpoint&,
                                                      std::string_view topic) const {
    return shadow::parse_request_topic(topic) ? std::nullopt
                                              : std::optional(drop_reason::not_a_shadow_request);
}

void shadow_service::follow(std::map<shadow::shadow_id, sync_direction> wanted) {
    followed_ = std::move(wanted);
    shadow_job job;
    job.what = shadow_job::kind::follow;
    job.followed = followed_;
    push(std::move(job));
}

void shadow_service::link(bool up) {
    if (std::exchange(linked_, up) != up) {
        shadow_job job;
        job.what = up ? shadow_job::kind::link_up : shadow_job::kind::link_down;
        push(std::move(job));
    }
}

bool shadow_service::hear(std::string_view topic, std::string_view payload) {
    const auto said = shadow::parse_answer_topic(topic);
    if (!said || !followed_.contains(said->which)) {
        return false;
    }
    shadow_job job;
    job.what = shadow_job::kind::hear;
    job.topic = topic;
    job.payload = payload;
    push(std::move(job));
    return true;
}

void shadow_service::clear() {
    followed_.clear();
    shadow_job job;
    job.what = shadow_job::kind::clear;
    push(std::move(job));
}

// --- The thread ----------------------------------------------------------------------------------

void shadow_service::push(shadow_job job) {
    const bool asks = job.what == shadow_job::kind::ask;
    bool taken = false;
    {
        const std::lock_guard hold(mutex_);
        const bool has_room = waiting_.size() < most_waiting &&
                              waiting_bytes_ + job.payload.size() <= most_waiting_bytes;
        if (!has_room && asks) {
            job.payload.clear();
            job.is_too_many = true;
        }
        if (!has_room && job.what == shadow_job::kind::hear) {
            // The cloud says more than the disk takes: what it has is asked when there is room.
            if (waiting_.back().what == shadow_job::kind::link_up) {
                return;
            }
            job = {};
            job.what = shadow_job::kind::link_up;
        }
        taken = !stopped_ && worker_ != nullptr &&
                waiting_.size() < most_waiting + most_refusals_waiting;
        if (taken) {
            waiting_bytes_ += job.payload.size();
            waiting_.push_back(std::move(job));
            if (!std::exchange(working_, true)) {
                asio::post(pool_, [this] { work(); });
            }
        }
    }
    if (!taken && job.answered) {
        asio::post(executor_, [answered = std::move(job.answered)] {
            answered(shadow::refused(shadow::errc::internal_failure));
        });
    }
}

void shadow_service::work() {
    for (auto batch = take_batch(); !batch.empty(); batch = take_batch()) {
        auto came = std::make_shared<shadow_report>(worker_->run(batch));
        // With the jobs: what waits for answers is of the executor, and goes there.
        auto done = std::make_shared<std::vector<shadow_job>>(std::move(batch));
        asio::post(executor_,
                   [this, alive = alive_, came = std::move(came), done = std::move(done)] {
                       if (*alive) {
                           tell(std::move(*came));
                       }
                   });
    }
}

std::vector<shadow_job> shadow_service::take_batch() {
    const std::lock_guard hold(mutex_);
    std::vector<shadow_job> taken;
    while (!waiting_.empty() && taken.size() < largest_batch) {
        waiting_bytes_ -= waiting_.front().payload.size();
        taken.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    working_ = !taken.empty();
    return taken;
}

// What is changed is told before who changed it is answered. What no subscription asks for is not
// published at all: it is nobody's loss.
void shadow_service::tell(shadow_report came) {
    synced_ = came.synced;
    for (auto& each : came.said) {
        if (router_.table().may_publish(shadow_end, each.topic)) {
            router_.publish(shadow_end, {std::move(each.topic), std::make_shared<const std::string>(
                                                                    std::move(each.payload))});
        }
    }
    for (auto& each : came.for_cloud) {
        if (to_cloud) {
            to_cloud(std::move(each.topic), std::move(each.payload));
        }
    }
    for (const auto& each : came.answers) {
        each.to(each.body);
    }
    for (const auto& which : came.changed) {
        const auto [first, last] = watchers_.equal_range(which);
        for (auto at = first; at != last; ++at) {
            if (const auto waiting = at->second.lock()) {
                waiting->changed = true;
                waiting->timer.cancel();
            }
        }
        watchers_.erase(first, last);
    }
    wake_at(came.wake_at);
}

void shadow_service::wake_at(std::optional<mono_time> when) {
    timer_.cancel();
    if (!when) {
        return;
    }
    timer_.expires_at(*when);
    timer_.async_wait([this, alive = alive_](const boost::system::error_code& cancelled) {
        if (!cancelled && *alive) {
            shadow_job job;
            job.what = shadow_job::kind::tick;
            push(std::move(job));
        }
    });
}

}  // namespace evergrass::edge
