#include "cloud/greengrass/bulk_runner.hpp"

#include "cloud/greengrass/deploy.hpp"
#include "cloud/objects/object_store.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

// Records a transaction, where nobody else waits for the store.
constexpr std::int64_t step_size = 8;
constexpr int most_retries = 5;  // spec/cloud.md §1.7
constexpr std::chrono::milliseconds first_wait{100};
constexpr int most_doublings = 6;
// More would only be more to read.
constexpr std::size_t most_faults_shown = 100;

std::chrono::milliseconds wait_after(int faults) {
    return first_wait * (1 << std::min(faults, most_doublings));
}

json::array details_of(std::string_view code, const std::vector<std::string>& texts) {
    json::array details;
    for (const auto& text : texts) {
        if (details.size() == most_faults_shown) {
            break;
        }
        details.push_back(
            json::object{{"DetailedErrorCode", code}, {"DetailedErrorMessage", text}});
    }
    return details;
}

call deployment_call(const bulk_record& record) {
    call made;
    made.input = {{"GroupId", record.group_id},
                  {"GroupVersionId", record.group_version},
                  {"DeploymentType", "NewDeployment"}};
    return made;
}

}  // namespace

void bulk_runner::start() {
    thread_ = std::thread([this] { work_until_stopped(); });
}

void bulk_runner::stop() {
    {
        const std::lock_guard hold(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void bulk_runner::wake() {
    {
        const std::lock_guard hold(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

// Looks once at the start: there may be one that an earlier run of the service began.
void bulk_runner::work_until_stopped() {
    for (;;) {
        in_.state.db().give_way();
        const auto wait = work_once();
        std::unique_lock hold(mutex_);
        const auto is_wanted = [this] { return stopping_ || woken_; };
        if (!wait) {
            changed_.wait(hold, is_wanted);
        } else if (wait->count() > 0) {
            changed_.wait_for(hold, *wait, is_wanted);
        }
        if (stopping_) {
            return;
        }
        woken_ = false;
    }
}

std::optional<std::chrono::milliseconds> bulk_runner::work_once() {
    if (is_ours_ && !is_ours_()) {
        return std::nullopt;
    }
    result<std::optional<bulk_deployment>> active = std::optional<bulk_deployment>();
    {
        const auto hold = in_.state.db().lock();
        active = active_bulk(in_.state);
    }
    if (active && !*active) {
        return std::nullopt;
    }
    back_off_ = false;
    auto done = active ? ((*active)->status == "Initializing" ? initialize(**active)
                                                              : deploy_some((*active)->id))
                       : result<void>(active.error());
    if (!done) {
        in_.log.warn("A bulk deployment waits for the store.", {{"reason", done.error()}});
        return wait_after(store_faults_++);
    }
    store_faults_ = 0;
    return back_off_ ? wait_after(trouble_.attempts - 1) : std::chrono::milliseconds(0);
}

// The file is read outside of the lock; whether the deployment is still to begin is asked again
// inside.
result<void> bulk_runner::initialize(const bulk_deployment& begun) {
    const auto text = in_.objects->read(begun.input_sha256, largest_bulk_input);
    auto input = text ? parse_bulk_input(*text) : bulk_input();
    if (!text) {
        input.faults.push_back("The input file " + begun.input_uri +
                               " cannot be read any more: " + text.error().message());
    }
    return in_.state.db().transaction([&]() -> result<void> {
        auto found = find_bulk(in_.state, begun.id);
        if (!found || !*found || (*found)->status != "Initializing") {
            return found ? result<void>() : result<void>(found.error());
        }
        auto& bulk = **found;
        if (!input.faults.empty()) {
            return fail(bulk, std::move(input.faults));
        }
        bulk.status = "Running";
        in_.log.info("A bulk deployment runs.",
                     {{"bulkDeploymentId", bulk.id}, {"records", input.records.size()}});
        auto inserted = insert_records(in_.state, bulk.sequence, input.records);
        return inserted ? update_bulk(in_.state, bulk, now_milliseconds(in_)) : inserted;
    });
}

result<void> bulk_runner::fail(bulk_deployment& failed, std::vector<std::string> faults) {
    failed.status = "Failed";
    failed.invalid_records = static_cast<std::int64_t>(faults.size());
    failed.error_message = faults.front();
    failed.error_details = details_of("InvalidInputFile", faults);
    in_.log.warn("A bulk deployment failed; nothing was deployed.",
                 {{"bulkDeploymentId", failed.id}, {"reason", faults.front()}});
    return update_bulk(in_.state, failed, now_milliseconds(in_));
}

// One record's, so that no transaction waits for what is elsewhere.
result<void> bulk_runner::fetch_next(const std::string& id) {
    fetched_.reset();
    if (in_.upstream == nullptr) {
        return {};
    }
    auto hold = in_.state.db().lock();
    const auto found = find_bulk(in_.state, id);
    if (!found || !*found || (*found)->status != "Running") {
        return found ? result<void>() : result<void>(found.error());
    }
    const auto next = next_records(in_.state, (*found)->sequence, 1);
    hold.unlock();
    if (!next || next->empty()) {
        return next ? result<void>() : result<void>(next.error());
    }
    const auto& record = next->front();
    fetched_ = fetched{record.ordinal, fetch_for_deployment(in_, deployment_call(record.record))};
    return {};
}

result<void> bulk_runner::deploy_some(const std::string& id) {
    if (auto ready = fetch_next(id); !ready) {
        return ready;
    }
    return in_.state.db().transaction([&]() -> result<void> {
        auto found = find_bulk(in_.state, id);
        if (!found || !*found) {
            return found ? result<void>() : result<void>(found.error());
        }
        auto& bulk = **found;
        if (bulk.status == "Stopping") {
            bulk.status = "Stopped";
        } else if (bulk.status == "Running") {
            if (auto deployed = deploy_next(bulk); !deployed) {
                return deployed;
            }
        } else {
            return {};
        }
        if (bulk.has_ended()) {
            in_.log.info("A bulk deployment has ended.", {{"bulkDeploymentId", bulk.id},
                                                          {"status", bulk.status},
                                                          {"processed", bulk.records_processed},
                                                          {"invalid", bulk.invalid_records}});
        }
        return update_bulk(in_.state, bulk, now_milliseconds(in_));
    });
}

result<void> bulk_runner::deploy_next(bulk_deployment& running) {
    const auto next = next_records(in_.state, running.sequence, fetched_ ? 1 : step_size);
    if (!next) {
        return next.error();
    }
    if (next->empty()) {
        running.status = "Completed";
        return {};
    }
    for (const auto& record : *next) {
        const auto had_turn = deploy_one(running, record);
        if (!had_turn) {
            return had_turn.error();
        }
        if (!*had_turn) {
            back_off_ = true;
            return {};
        }
        if (in_.state.db().is_wanted()) {
            return {};  // the rest in a transaction of its own, when those who wait have gone
        }
    }
    return {};
}

bool bulk_runner::may_try_again(const bulk_deployment& running, const waiting_record& next) {
    if (trouble_.bulk != running.id || trouble_.ordinal != next.ordinal) {
        trouble_ = {running.id, next.ordinal, 0};
    }
    return ++trouble_.attempts <= most_retries;
}

api_result bulk_runner::deploy(const waiting_record& next) {
    const auto from = deployment_call(next.record);
    if (in_.upstream == nullptr) {
        return deploy_fetched(in_, from, {});
    }
    if (!fetched_ || fetched_->ordinal != next.ordinal) {
        return api_error{503, "ServiceUnavailableException", "The record is looked at again."};
    }
    return fetched_->finds ? deploy_fetched(in_, from, *fetched_->finds)
                           : api_result(fetched_->finds.error());
}

// False: the service met a fault of its own, and the record is to be tried again.
result<bool> bulk_runner::deploy_one(bulk_deployment& running, const waiting_record& next) {
    const auto answered = deploy(next);
    if (!answered && answered.error().status >= 500 && may_try_again(running, next)) {
        ++running.retry_attempts;
        return false;
    }
    bulk_report done{next.ordinal, next.record,  now_milliseconds(in_),
                     std::nullopt, std::nullopt, {}};
    if (answered) {
        done.deployment_id = string_member(answered->output, "DeploymentId");
    } else {
        const auto& refused = answered.error();
        ++running.invalid_records;
        done.error_message = refused.message;
        done.error_details =
            details_of(refused.code.empty() ? std::to_string(refused.status) : refused.code,
                       {refused.message});
    }
    ++running.records_processed;
    const auto noted = note_turn(in_.state, running.sequence, done);
    if (!noted) {
        return noted.error();
    }
    return true;
}

}  // namespace evergrass::cloud::greengrass
