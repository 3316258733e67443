#include "libs/log_store/group_committer.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/errors.hpp"
#include "libs/log_store/log_state.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::log_store {

group_committer::group_committer(log store, handlers handlers)
    : group_committer(std::move(store), std::move(handlers), settings{}) {}

group_committer::group_committer(log store, handlers handlers, settings settings)
    : store_(std::move(store)),
      handlers_(std::move(handlers)),
      settings_(settings),
      max_bytes_(store_.state_->settings.max_bytes),
      refuses_when_full_(store_.state_->settings.when_full == full_policy::refuse),
      log_bytes_(store_.bytes()),
      last_(store_.last()),
      durable_(store_.durable()),
      thread_([this] { run(); }) {}

group_committer::~group_committer() {
    (void)flush_and_stop();
}

// With the lock held.
std::optional<error> group_committer::refusal(std::size_t payload) const {
    if (stopping_) {
        return error{errc::closed, "the log was stopped"};
    }
    const auto framed = frame_bytes(payload);
    const auto limit = max_bytes_ == 0 ? max_record_bytes : max_bytes_;
    if (payload > max_record_bytes || framed + segment_header_bytes > limit) {
        return error{errc::too_large, "a record of " + std::to_string(payload) +
                                          " bytes does not fit in a log of " +
                                          std::to_string(limit)};
    }
    if (max_bytes_ != 0 && refuses_when_full_ &&
        log_bytes_ + waiting_bytes_ + framed + segment_header_bytes > max_bytes_) {
        return error{log_errc::log_full, std::to_string(log_bytes_ + waiting_bytes_) + " of " +
                                             std::to_string(max_bytes_) + " bytes are taken"};
    }
    if (waiting_bytes_ > 0 && waiting_bytes_ + framed > settings_.max_waiting_bytes) {
        return failed_ ? *failed_
                       : error{errc::unavailable, std::to_string(waiting_bytes_) +
                                                      " bytes wait for the disk; try again later"};
    }
    return std::nullopt;
}

result<sequence> group_committer::append(std::span<const std::string_view> parts) {
    return append(parts, 0);
}

result<sequence> group_committer::append(std::span<const std::string_view> parts,
                                         sequence drop_before) {
    std::size_t payload = 0;
    for (const auto part : parts) {
        payload += part.size();
    }
    sequence number = 0;
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (auto refused = refusal(payload)) {
            return *std::move(refused);
        }
        first = tasks_.empty();
        if (first || tasks_.back().what != task::kind::append) {
            tasks_.push_back({task::kind::append, {}, 0, {}, {}});
        }
        number = ++last_;
        append_frame(tasks_.back().frames, number, parts);
        tasks_.back().number = number;
        waiting_bytes_ += frame_bytes(payload);
        if (drop_before != 0) {
            tasks_.push_back({task::kind::truncate, {}, std::min(drop_before, number), {}, {}});
            retry_now_ = true;  // it may free the space that a failed write waits for
            first = true;
        }
    }
    if (first) {  // else the thread has been told
        wake_.notify_one();
    }
    return number;
}

result<sequence> group_committer::append(std::string_view payload) {
    return append(std::span<const std::string_view>(&payload, 1));
}

result<sequence> group_committer::rewrite(std::vector<std::string> records) {
    for (const auto& payload : records) {
        if (payload.size() > max_record_bytes) {
            return error{errc::too_large,
                         "a record of " + std::to_string(payload.size()) + " bytes"};
        }
    }
    sequence number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            return error{errc::closed, "the log was stopped"};
        }
        const auto first = last_ + 1;
        last_ += records.size();
        number = last_;
        tasks_.push_back({task::kind::rewrite, {}, first, std::move(records), {}});
    }
    wake_.notify_one();
    return number;
}

void group_committer::truncate_front(sequence from) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back({task::kind::truncate, {}, from, {}, {}});
        retry_now_ = true;  // it may free the space that a failed write waits for
    }
    wake_.notify_one();
}

void group_committer::post(std::function<void(const log&)> work) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back({task::kind::work, {}, 0, {}, std::move(work)});
        retry_now_ = true;
    }
    wake_.notify_one();
}

void group_committer::retry() {
    {
        const std::lock_guard lock(mutex_);
        retry_now_ = true;
    }
    wake_.notify_one();
}

result<void> group_committer::flush_and_stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
    const std::lock_guard lock(mutex_);
    return failed_ ? result<void>(*failed_) : result<void>();
}

sequence group_committer::durable() const {
    const std::lock_guard lock(mutex_);
    return durable_;
}

sequence group_committer::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

// --- The thread ----------------------------------------------------------------------------------

void group_committer::report(const error& failure) {
    if (handlers_.on_error) {
        handlers_.on_error(failure);
    }
}

void group_committer::carry_out(task& next) {
    switch (next.what) {
        case task::kind::append:
            store_.append_frames(next.frames, next.number);
            break;
        case task::kind::rewrite: {
            const auto done =
                store_.rewrite_from(next.number, [&](const log::append_function& append) {
                    for (const auto& payload : next.records) {
                        const std::string_view part = payload;
                        if (auto added = append({&part, 1}); !added) {
                            return added;
                        }
                    }
                    return result<void>();
                });
            if (!done) {
                report(with_context(done.error(), "the log could not be rewritten"));
            }
            break;
        }
        case task::kind::truncate:
            store_.truncate_front(next.number);
            break;
        case task::kind::work:
            next.work(store_);
            break;
    }
}

void group_committer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (failed_) {
            wake_.wait_for(lock, settings_.retry_delay, [&] { return retry_now_ || stopping_; });
        } else {
            wake_.wait(lock, [&] { return !tasks_.empty() || stopping_; });
        }
        retry_now_ = false;
        const bool last_round = stopping_;
        auto taken = std::exchange(tasks_, {});
        const auto waiting_before = waiting_bytes_;
        lock.unlock();

        for (auto& next : taken) {
            carry_out(next);
        }
        const auto saved = store_.sync();
        const auto durable = store_.durable();

        lock.lock();
        log_bytes_ = store_.bytes();
        const bool more = durable > durable_;
        durable_ = durable;
        if (saved) {
            failed_.reset();
            waiting_bytes_ -= waiting_before;
        } else {
            failed_ = saved.error();
        }
        lock.unlock();
        if (more && handlers_.on_durable) {
            handlers_.on_durable(durable);
        }
        if (!saved) {
            report(saved.error());
        }
        lock.lock();
        if (last_round && (tasks_.empty() || failed_)) {
            return;
        }
    }
}

}  // namespace evergrass::log_store
