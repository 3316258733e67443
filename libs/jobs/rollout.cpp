#include "libs/jobs/rollout.hpp"

#include "libs/jobs/errors.hpp"

#include <algorithm>
#include <cmath>

namespace evergrass::jobs {
namespace {

constexpr std::int64_t milliseconds_per_minute = 60'000;
constexpr std::int64_t fastest_per_minute = 1'000;  // AWS's quota of both rates

error invalid(std::string why) {
    return {errc::invalid_request, std::move(why)};
}

std::optional<double> real_member(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    return value->to_number<double>();
}

result<std::int64_t> read_rate(const json::object& config, std::string_view name) {
    const auto rate = int_member(config, name);
    if (!rate || *rate < 1 || *rate > fastest_per_minute) {
        return invalid("jobExecutionsRolloutConfig: " + std::string(name) + " must be 1 to 1000");
    }
    return *rate;
}

result<rollout_config::exponential> read_exponential(const json::object& rate) {
    rollout_config::exponential read;
    const auto base = read_rate(rate, "baseRatePerMinute");
    if (!base) {
        return base.error();
    }
    read.base_per_minute = *base;
    read.increment_factor = real_member(rate, "incrementFactor").value_or(0);
    if (!(read.increment_factor >= 1.1 && read.increment_factor <= 5)) {
        return invalid("jobExecutionsRolloutConfig: incrementFactor must be 1.1 to 5");
    }
    const auto* const criteria = object_member(rate, "rateIncreaseCriteria");
    if (criteria != nullptr) {
        read.per_notified = int_member(*criteria, "numberOfNotifiedThings");
        read.per_succeeded = int_member(*criteria, "numberOfSucceededThings");
    }
    const auto each = read.per_notified ? read.per_notified : read.per_succeeded;
    if (read.per_notified.has_value() == read.per_succeeded.has_value() || *each < 1) {
        return invalid(
            "jobExecutionsRolloutConfig: rateIncreaseCriteria must have one of "
            "numberOfNotifiedThings and numberOfSucceededThings, 1 or more");
    }
    return read;
}

std::int64_t ended_badly(const tally& counts, std::optional<status> failure) {
    if (failure) {
        return counts[*failure];
    }
    return counts[status::failed] + counts[status::rejected] + counts[status::timed_out];
}

}  // namespace

result<rollout_config> read_rollout_config(const json::object& config) {
    rollout_config read;
    if (config.contains("maximumPerMinute")) {
        const auto most = read_rate(config, "maximumPerMinute");
        if (!most) {
            return most.error();
        }
        read.maximum_per_minute = *most;
    }
    if (const auto* const rate = object_member(config, "exponentialRate")) {
        const auto exponential = read_exponential(*rate);
        if (!exponential) {
            return exponential.error();
        }
        read.rate = *exponential;
    }
    return read;
}

std::optional<std::int64_t> rate_per_minute(const rollout_config& config,
                                            const rollout_progress& progress) {
    if (!config.rate) {
        return config.maximum_per_minute;
    }
    const auto& rate = *config.rate;
    const auto steps = rate.per_notified ? progress.notified / *rate.per_notified
                                         : progress.succeeded / *rate.per_succeeded;
    const auto most = config.maximum_per_minute.value_or(fastest_per_minute);
    const auto grown = static_cast<double>(rate.base_per_minute) *
                       std::pow(rate.increment_factor, static_cast<double>(steps));
    return grown >= static_cast<double>(most) ? most : static_cast<std::int64_t>(grown);
}

rollout_step next_step(const rollout_config& config, const rollout_progress& progress,
                       std::int64_t wanted, std::int64_t now) {
    rollout_step step;
    step.after = progress;
    auto& after = step.after;
    const bool is_new_minute = after.minute_began == 0 || now < after.minute_began ||
                               now - after.minute_began >= milliseconds_per_minute;
    if (is_new_minute) {
        after.minute_began = now;
        after.in_minute = 0;
    }
    const auto rate = rate_per_minute(config, progress);
    step.allowed = rate ? std::clamp<std::int64_t>(*rate - after.in_minute, 0, wanted) : wanted;
    after.in_minute += step.allowed;
    after.notified += step.allowed;
    if (step.allowed < wanted) {
        step.again = after.minute_began + milliseconds_per_minute;
    }
    return step;
}

result<std::vector<abort_criterion>> read_abort_config(const json::object& config) {
    std::vector<abort_criterion> all;
    const auto* const criteria = array_member(config, "criteriaList");
    if (criteria == nullptr || criteria->empty()) {
        return invalid("abortConfig: criteriaList must have an element");
    }
    for (const auto& each : *criteria) {
        const auto* const object = each.if_object();
        if (object == nullptr) {
            return invalid("abortConfig: an element of criteriaList is no object");
        }
        abort_criterion read;
        const auto type = string_member(*object, "failureType").value_or("");
        read.failure = parse_status(type);
        if (type != "ALL" && type != "FAILED" && type != "REJECTED" && type != "TIMED_OUT") {
            return invalid("abortConfig: failureType must be FAILED, REJECTED, TIMED_OUT or ALL");
        }
        if (string_member(*object, "action") != "CANCEL") {
            return invalid("abortConfig: action must be CANCEL");
        }
        read.threshold_percentage = real_member(*object, "thresholdPercentage").value_or(0);
        if (!(read.threshold_percentage > 0 && read.threshold_percentage <= 100)) {
            return invalid("abortConfig: thresholdPercentage must be above 0, at most 100");
        }
        read.least_executed = int_member(*object, "minNumberOfExecutedThings").value_or(0);
        if (read.least_executed < 1) {
            return invalid("abortConfig: minNumberOfExecutedThings must be 1 or more");
        }
        all.push_back(read);
    }
    return all;
}

bool is_tripped(const abort_criterion& criterion, const tally& counts) {
    const auto executed = counts[status::succeeded] + ended_badly(counts, std::nullopt);
    if (executed < criterion.least_executed) {
        return false;
    }
    return static_cast<double>(ended_badly(counts, criterion.failure)) * 100 >=
           criterion.threshold_percentage * static_cast<double>(executed);
}

result<std::vector<retry_criterion>> read_retry_config(const json::object& config) {
    std::vector<retry_criterion> all;
    const auto* const criteria = array_member(config, "criteriaList");
    if (criteria == nullptr || criteria->empty()) {
        return invalid("jobExecutionsRetryConfig: criteriaList must have an element");
    }
    for (const auto& each : *criteria) {
        const auto* const object = each.if_object();
        const auto type =
            object != nullptr ? string_member(*object, "failureType").value_or("") : std::string();
        if (type != "ALL" && type != "FAILED" && type != "TIMED_OUT") {
            return invalid(
                "jobExecutionsRetryConfig: failureType must be FAILED, TIMED_OUT or ALL");
        }
        const auto retries = int_member(*object, "numberOfRetries").value_or(-1);
        if (retries < 0 || retries > 10) {
            return invalid("jobExecutionsRetryConfig: numberOfRetries must be 0 to 10");
        }
        all.push_back({parse_status(type), retries});
    }
    return all;
}

bool is_retried(const std::vector<retry_criterion>& criteria, const execution& ended) {
    if (ended.state != status::failed && ended.state != status::timed_out) {
        return false;
    }
    return std::any_of(criteria.begin(), criteria.end(), [&](const retry_criterion& each) {
        return (!each.failure || *each.failure == ended.state) &&
               ended.retry_attempt < each.retries;
    });
}

}  // namespace evergrass::jobs
