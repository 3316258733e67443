#include "cloud/iot/shadow_service.hpp"

#include "cloud/iot/shadow_records.hpp"
#include "libs/shadow/errors.hpp"

#include <boost/asio/post.hpp>

#include <optional>
#include <utility>

namespace evergrass::cloud {
namespace {

using shadow::operation;

// What may wait; more is refused with 429. A disk that syncs 50 times a second still serves so much
// in seconds.
constexpr std::size_t most_waiting = 20'000;
constexpr std::size_t most_waiting_bytes = 64U * 1024 * 1024;
// Refusals have no payload, but they wait in the same order.
constexpr std::size_t most_refusals_waiting = 80'000;
// Of one transaction: bounds how long others wait for the store.
constexpr std::size_t largest_batch = 256;

shadow::asked_over way_of(const shadow_request& asked) {
    return asked.answered ? shadow::asked_over::call : shadow::asked_over::mqtt;
}

}  // namespace

shadow_service::shadow_service(store& state, const clock& time, logger log)
    : state_(state), time_(time), log_(std::move(log)) {}

shadow_service::~shadow_service() {
    stop();
}

void shadow_service::begin(publisher say) {
    const std::lock_guard hold(mutex_);
    say_ = std::move(say);
    begun_ = true;
    working_ = true;
    boost::asio::post(pool_, [this] { work(); });
}

void shadow_service::ask(shadow_request asked) {
    bool taken = false;
    {
        const std::lock_guard hold(mutex_);
        const bool has_room = waiting_.size() < most_waiting &&
                              waiting_bytes_ + asked.payload.size() <= most_waiting_bytes;
        if (!has_room) {
            asked.payload.clear();
            asked.is_too_many = true;
        }
        taken = !stopped_ && waiting_.size() < most_waiting + most_refusals_waiting;
        if (taken) {
            waiting_bytes_ += asked.payload.size();
            waiting_.push_back(std::move(asked));
            if (begun_ && !working_) {
                working_ = true;
                boost::asio::post(pool_, [this] { work(); });
            }
        }
    }
    if (!taken) {
        log_.warn("A shadow request is dropped: too many wait, or the service stops.",
                  {{"thing", asked.which.thing},
                   {"shadow", asked.which.name},
                   {"operation", shadow::to_string(asked.what)}});
        if (asked.answered) {
            asked.answered(shadow::refused(shadow::errc::too_many_requests));
        }
    }
}

void shadow_service::deliver(const mqtt::publication& message, const mqtt::receipt& pending) {
    auto asked = shadow::parse_request_topic(message.topic());
    if (!asked) {
        return;
    }
    shadow_request request;
    request.which = std::move(asked->which);
    request.what = asked->what;
    request.payload = message.payload();
    request.pending = pending;
    ask(std::move(request));
}

void shadow_service::stop() {
    std::deque<shadow_request> never_begun;
    {
        const std::lock_guard hold(mutex_);
        stopped_ = true;
        if (!begun_) {
            never_begun.swap(waiting_);
        }
    }
    pool_.join();
    for (const auto& asked : never_begun) {
        if (asked.answered) {
            asked.answered(shadow::refused(shadow::errc::internal_failure));
        }
    }
}

void shadow_service::work() {
    for (auto next = take_batch(); !next.empty(); next = take_batch()) {
        carry_out(std::move(next));
    }
}

shadow_service::batch shadow_service::take_batch() {
    const std::lock_guard hold(mutex_);
    batch taken;
    while (!waiting_.empty() && taken.size() < largest_batch) {
        waiting_bytes_ -= waiting_.front().payload.size();
        taken.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    working_ = !taken.empty();
    return taken;
}

void shadow_service::carry_out(batch asked) {
    auto all = try_all(asked);
    if (all) {
        for (std::size_t i = 0; i < asked.size(); ++i) {
            tell(asked[i], std::move((*all)[i]));
        }
        return;
    }
    if (asked.size() > 1) {
        // One of them, or the disk: those that can be served are.
        for (auto& each : asked) {
            batch alone;
            alone.push_back(std::move(each));
            carry_out(std::move(alone));
        }
        return;
    }
    log_.error("A shadow request failed; nothing of it was kept.",
               {{"thing", asked[0].which.thing},
                {"shadow", asked[0].which.name},
                {"operation", shadow::to_string(asked[0].what)},
                {"error", all.error()}});
    tell(asked[0], refuse(asked[0], all.error()));
}

result<std::vector<shadow_service::outcome>> shadow_service::try_all(const batch& asked) {
    std::vector<outcome> all;
    bool changes = false;
    for (const auto& each : asked) {
        changes = changes || each.what != operation::get;
    }
    const auto run = [&]() -> result<void> {
        for (const auto& each : asked) {
            auto done = try_one(each);
            if (!done) {
                return done.error();
            }
            all.push_back(std::move(*done));
        }
        return {};
    };
    // Reading needs no room on the disk.
    const auto hold = state_.db().lock();
    const auto committed = changes ? state_.db().transaction(run) : run();
    if (!committed) {
        return committed.error();
    }
    return all;
}

// An error is the store's; a refusal is an outcome.
result<shadow_service::outcome> shadow_service::try_one(const shadow_request& asked) {
    if (asked.is_too_many) {
        return refuse(asked, shadow::refused(shadow::errc::too_many_requests));
    }
    const auto now = time_.now();
    const auto before = load_shadow(state_, asked.which, now);
    if (!before) {
        return before.error();
    }
    auto done = shadow::carry_out(asked.which, asked.what, asked.payload, *before,
                                  to_epoch_seconds(now), way_of(asked));
    if (!done.after) {
        return done;
    }
    if (!done.after->exists) {
        if (auto forgotten = forget_deleted_shadows(state_, now); !forgotten) {
            return forgotten.error();
        }
    }
    if (auto saved = save_shadow(state_, asked.which, *done.after, now); !saved) {
        return saved.error();
    }
    return done;
}

shadow_service::outcome shadow_service::refuse(const shadow_request& asked, error why) const {
    return shadow::refuse(asked.which, asked.what, std::move(why), to_epoch_seconds(time_.now()),
                          way_of(asked));
}

// Publishes first: whoever is answered over HTTP finds that all have been told.
void shadow_service::tell(shadow_request& asked, outcome came_of_it) {
    for (auto& each : came_of_it.said) {
        say_(std::move(each.topic), std::move(each.payload), asked.pending);
    }
    if (asked.answered) {
        asked.answered(came_of_it.body);
    }
    asked.pending.reset();
}

}  // namespace evergrass::cloud
