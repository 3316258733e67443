#include "libs/jobs/rollout.hpp"

#include "libs/base/json.hpp"

#include <gtest/gtest.h>

namespace evergrass::jobs {
namespace {

constexpr std::int64_t minute = 60'000;

json::object object(std::string_view text) {
    return parse_json(text).value().as_object();
}

rollout_config config(std::string_view text) {
    return read_rollout_config(object(text)).value();
}

TEST(job_rollout, without_a_rate_all_things_get_the_job_at_once) {
    const auto step = next_step(config("{}"), {}, 5'000, 1'000);
    EXPECT_EQ(step.allowed, 5'000);
    EXPECT_FALSE(step.again);
}

TEST(job_rollout, a_maximum_holds_for_each_minute) {
    const auto at_most_3 = config(R"({"maximumPerMinute":3})");
    auto step = next_step(at_most_3, {}, 2, 1'000);
    EXPECT_EQ(step.allowed, 2);
    EXPECT_FALSE(step.again);
    step = next_step(at_most_3, step.after, 5, 1'000 + minute - 1);
    EXPECT_EQ(step.allowed, 1) << "two had it in this minute";
    EXPECT_EQ(step.again, 1'000 + minute);
    step = next_step(at_most_3, step.after, 4, 1'000 + minute);
    EXPECT_EQ(step.allowed, 3);
    EXPECT_EQ(step.again, 1'000 + 2 * minute);
    EXPECT_EQ(step.after.notified, 6);
    step = next_step(at_most_3, step.after, 1, 500);
    EXPECT_EQ(step.allowed, 1) << "the clock was set back: a new minute begins";
}

TEST(job_rollout, an_exponential_rate_grows_with_what_was_reached) {
    const auto grows = config(
        R"({"maximumPerMinute":50,"exponentialRate":{"baseRatePerMinute":10,"incrementFactor":2,
            "rateIncreaseCriteria":{"numberOfNotifiedThings":20}}})");
    rollout_progress progress;
    std::vector<std::int64_t> rates;
    for (const auto notified : {0, 19, 20, 40, 60, 1'000'000}) {
        progress.notified = notified;
        rates.push_back(rate_per_minute(grows, progress).value());
    }
    EXPECT_EQ(rates, (std::vector<std::int64_t>{10, 10, 20, 40, 50, 50}));
    const auto by_success = config(
        R"({"exponentialRate":{"baseRatePerMinute":1,"incrementFactor":1.5,
            "rateIncreaseCriteria":{"numberOfSucceededThings":1}}})");
    progress = {};
    progress.notified = 100;
    EXPECT_EQ(rate_per_minute(by_success, progress), 1);
    progress.succeeded = 3;
    EXPECT_EQ(rate_per_minute(by_success, progress), 3) << "1.5 to the 3rd";
    progress.succeeded = 100'000;
    EXPECT_EQ(rate_per_minute(by_success, progress), 1'000);
}

TEST(job_rollout, a_wrong_rate_is_named) {
    for (const auto* text : {R"({"maximumPerMinute":0})", R"({"maximumPerMinute":1001})",
                             R"({"exponentialRate":{"baseRatePerMinute":0,"incrementFactor":2,
              "rateIncreaseCriteria":{"numberOfNotifiedThings":1}}})",
                             R"({"exponentialRate":{"baseRatePerMinute":1,"incrementFactor":1,
              "rateIncreaseCriteria":{"numberOfNotifiedThings":1}}})",
                             R"({"exponentialRate":{"baseRatePerMinute":1,"incrementFactor":2}})",
                             R"({"exponentialRate":{"baseRatePerMinute":1,"incrementFactor":2,
              "rateIncreaseCriteria":{"numberOfNotifiedThings":1,"numberOfSucceededThings":1}}})"}) {
        const auto read = read_rollout_config(object(text));
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error().context.starts_with("jobExecutionsRolloutConfig: "));
    }
}

tally counted(std::int64_t succeeded, std::int64_t failed, std::int64_t rejected) {
    tally counts;
    counts[status::succeeded] = succeeded;
    counts[status::failed] = failed;
    counts[status::rejected] = rejected;
    counts[status::queued] = 1000;
    return counts;
}

TEST(job_abort, trips_when_enough_ended_and_too_many_of_them_badly) {
    const auto criteria = read_abort_config(object(
        R"({"criteriaList":[{"failureType":"FAILED","action":"CANCEL","thresholdPercentage":20,
                             "minNumberOfExecutedThings":10},
                            {"failureType":"ALL","action":"CANCEL","thresholdPercentage":50.5,
                             "minNumberOfExecutedThings":1}]})"));
    ASSERT_TRUE(criteria) << criteria.error().context;
    const auto& failed = (*criteria)[0];
    EXPECT_FALSE(is_tripped(failed, counted(0, 9, 0))) << "fewer than 10 have ended";
    EXPECT_TRUE(is_tripped(failed, counted(8, 2, 0)));
    EXPECT_FALSE(is_tripped(failed, counted(9, 1, 0)));
    EXPECT_FALSE(is_tripped(failed, counted(0, 0, 10))) << "rejected is not failed";
    const auto& any = (*criteria)[1];
    EXPECT_FALSE(is_tripped(any, counted(0, 0, 0)));
    EXPECT_FALSE(is_tripped(any, counted(1, 1, 0)));
    EXPECT_TRUE(is_tripped(any, counted(1, 1, 1)));
}

TEST(job_abort, a_wrong_criterion_is_named) {
    for (const auto* text : {R"({})", R"({"criteriaList":[]})", R"({"criteriaList":[1]})",
                             R"({"criteriaList":[{"failureType":"SUCCEEDED","action":"CANCEL",
              "thresholdPercentage":1,"minNumberOfExecutedThings":1}]})",
                             R"({"criteriaList":[{"failureType":"ALL","action":"STOP",
              "thresholdPercentage":1,"minNumberOfExecutedThings":1}]})",
                             R"({"criteriaList":[{"failureType":"ALL","action":"CANCEL",
              "thresholdPercentage":0,"minNumberOfExecutedThings":1}]})",
                             R"({"criteriaList":[{"failureType":"ALL","action":"CANCEL",
              "thresholdPercentage":101,"minNumberOfExecutedThings":1}]})",
                             R"({"criteriaList":[{"failureType":"ALL","action":"CANCEL",
              "thresholdPercentage":1,"minNumberOfExecutedThings":0}]})"}) {
        const auto read = read_abort_config(object(text));
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error().context.starts_with("abortConfig: "));
    }
}

TEST(job_retry, an_execution_is_tried_again_as_often_as_its_kind_of_failure_allows) {
    const auto criteria = read_retry_config(object(
        R"({"criteriaList":[{"failureType":"FAILED","numberOfRetries":2},
                            {"failureType":"TIMED_OUT","numberOfRetries":0}]})"));
    ASSERT_TRUE(criteria);
    execution ended;
    ended.state = status::failed;
    EXPECT_TRUE(is_retried(*criteria, ended));
    ended.retry_attempt = 2;
    EXPECT_FALSE(is_retried(*criteria, ended));
    ended.retry_attempt = 0;
    for (const auto other : {status::timed_out, status::rejected, status::canceled}) {
        ended.state = other;
        EXPECT_FALSE(is_retried(*criteria, ended)) << to_string(other);
    }
    EXPECT_FALSE(read_retry_config({}));
    EXPECT_FALSE(read_retry_config(
        object(R"({"criteriaList":[{"failureType":"ALL","numberOfRetries":11}]})")));
}

}  // namespace
}  // namespace evergrass::jobs
