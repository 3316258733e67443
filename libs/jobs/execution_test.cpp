#include "libs/jobs/execution.hpp"

#include "libs/jobs/errors.hpp"
#include "libs/jobs/messages.hpp"

#include <gtest/gtest.h>

namespace evergrass::jobs {
namespace {

constexpr std::int64_t minute = 60'000;

execution queued() {
    execution made;
    made.job_id = "j";
    made.thing = "T";
    made.queued_at = 1'000;
    made.updated_at = 1'000;
    return made;
}

execution started(std::optional<std::int64_t> minutes = {}) {
    return start(queued(), {}, minutes, 2'000);
}

update_request wanting(status what) {
    update_request asked;
    asked.wanted = what;
    return asked;
}

TEST(job_execution, a_device_takes_it_through_its_states) {
    const auto first = started();
    EXPECT_EQ(first.state, status::in_progress);
    EXPECT_EQ(first.version, 2);
    EXPECT_EQ(first.started_at, 2'000);
    const auto done = apply(first, wanting(status::succeeded), {}, 3'000);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->state, status::succeeded);
    EXPECT_EQ(done->version, 3);
    EXPECT_EQ(done->updated_at, 3'000);
    EXPECT_EQ(done->started_at, 2'000);
}

TEST(job_execution, a_device_may_end_it_without_starting_it) {
    for (const auto how : {status::succeeded, status::failed, status::rejected}) {
        const auto done = apply(queued(), wanting(how), {}, 3'000);
        ASSERT_TRUE(done);
        EXPECT_EQ(done->state, how);
        EXPECT_FALSE(done->started_at);
    }
}

TEST(job_execution, nothing_comes_after_the_end) {
    for (const auto how : all_statuses) {
        if (!is_terminal(how)) {
            continue;
        }
        const auto ended = end(started(), how, 3'000);
        const auto again = apply(ended, wanting(status::in_progress), {}, 4'000);
        ASSERT_FALSE(again) << to_string(how);
        EXPECT_EQ(again.error().code, make_error_code(errc::invalid_state_transition));
    }
}

TEST(job_execution, the_expected_version_is_looked_at_first) {
    auto asked = wanting(status::succeeded);
    asked.expected_version = 1;
    EXPECT_TRUE(apply(queued(), asked, {}, 3'000));
    const auto late = apply(end(started(), status::canceled, 3'000), asked, {}, 3'000);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, make_error_code(errc::version_mismatch));
}

TEST(job_execution, details_are_replaced_or_stay) {
    auto asked = wanting(status::in_progress);
    asked.details = json::object{{"step", "1"}, {"of", "2"}};
    const auto first = *apply(queued(), asked, {}, 3'000);
    const auto same = *apply(first, wanting(status::in_progress), {}, 4'000);
    EXPECT_EQ(same.details, *asked.details);
    asked.details = json::object{{"step", "2"}};
    EXPECT_EQ(apply(same, asked, {}, 5'000)->details, *asked.details);
}

TEST(job_execution, times_out_by_the_job_or_by_the_step_whichever_is_first) {
    const auto by_job = started(10);
    EXPECT_EQ(by_job.times_out_at(), 2'000 + 10 * minute);
    auto asked = wanting(status::in_progress);
    asked.step_timeout_minutes = 3;
    const auto by_step = *apply(by_job, asked, 10, 5'000);
    EXPECT_EQ(by_step.times_out_at(), 5'000 + 3 * minute);
    EXPECT_EQ(by_step.in_progress_until, by_job.in_progress_until) << "it is not begun again";
    asked.step_timeout_minutes = -1;
    EXPECT_EQ(apply(by_step, asked, 10, 6'000)->times_out_at(), by_job.times_out_at());
    EXPECT_FALSE(apply(by_step, wanting(status::failed), 10, 6'000)->times_out_at());
    EXPECT_FALSE(queued().times_out_at());
}

TEST(job_execution, starting_what_is_started_changes_nothing) {
    start_request asked;
    asked.details = json::object{{"a", "b"}};
    asked.step_timeout_minutes = 1;
    const auto again = start(started(), asked, 10, 9'000);
    EXPECT_EQ(again.version, 2);
    EXPECT_EQ(again.updated_at, 2'000);
    EXPECT_TRUE(again.details.empty());
    EXPECT_FALSE(again.times_out_at());
}

TEST(job_messages, the_document_is_json_over_mqtt_and_text_over_http) {
    const std::string document = R"({"a":1})";
    const auto over_mqtt = to_json(started(10), document, document_form::json, 62'000);
    EXPECT_EQ(over_mqtt.at("jobDocument"), (json::object{{"a", 1}}));
    EXPECT_EQ(over_mqtt.at("approximateSecondsBeforeTimedOut"), 540);
    EXPECT_EQ(over_mqtt.at("startedAt"), 2);
    const auto over_http = to_json(queued(), document, document_form::text, 0);
    EXPECT_EQ(over_http.at("jobDocument"), json::value(document));
    EXPECT_FALSE(over_http.contains("startedAt"));
    EXPECT_FALSE(to_json(queued(), {}, document_form::json, 0).contains("jobDocument"));
}

TEST(job_messages, a_notification_lists_the_first_fifteen_by_state) {
    std::vector<execution> pending(1, started());
    pending.resize(20, queued());
    const auto body = notification(pending, 7'999);
    EXPECT_EQ(body.at("timestamp"), 7);
    EXPECT_EQ(body.at("jobs").at("IN_PROGRESS").as_array().size(), 1U);
    EXPECT_EQ(body.at("jobs").at("QUEUED").as_array().size(), 14U);
    EXPECT_EQ(notification({}, 7'999), parse_json(R"({"timestamp":7,"jobs":{}})").value());
    EXPECT_FALSE(next_notification(nullptr, {}, 0).contains("execution"));
}

TEST(job_messages, a_rejection_has_the_state_that_the_request_was_held_against) {
    const auto now = started();
    const auto body = [&](errc why) { return rejected({why, "m"}, &now, 7'000, "t"); };
    EXPECT_EQ(body(errc::version_mismatch),
              parse_json(R"({"code":"VersionMismatch","message":"m","timestamp":7,
                             "executionState":{"status":"IN_PROGRESS","statusDetails":{},
                                               "versionNumber":2},"clientToken":"t"})")
                  .value());
    EXPECT_TRUE(body(errc::invalid_state_transition).contains("executionState"));
    EXPECT_FALSE(body(errc::invalid_request).contains("executionState"));
    EXPECT_EQ(to_refusal(error{{}, "a disk's secret"}).message.find("disk"), std::string::npos);
}

}  // namespace
}  // namespace evergrass::jobs
