#include "cloud/jobs/job_service.hpp"

#include "libs/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>

namespace evergrass::cloud {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto minute = std::chrono::minutes(1);

class turned_clock : public clock {
public:
    wall_time now() const override { return wall_time(std::chrono::seconds(seconds_)); }
    void turn(std::chrono::seconds by) { seconds_ += by.count(); }

private:
    std::atomic<std::int64_t> seconds_{1'000'000};
};

class jobs_at_the_service : public ::testing::Test {
protected:
    ~jobs_at_the_service() override {
        service_->stop();
        std::filesystem::remove_all(directory_);
    }

    void begin() {
        service_->begin([this](job_message message) {
            const std::lock_guard hold(mutex_);
            said_.push_back(std::move(message));
        });
    }
    void SetUp() override { begin(); }

    // In its own transaction, as an operation of the registry.
    void sql(std::string_view statement) { ASSERT_TRUE(state_->db().run(statement, statement)); }
    void thing(const std::string& name) {
        sql("INSERT INTO things(name, id, created_at) VALUES('" + name + "', 'i', 0)");
    }
    void join(const std::string& group, const std::string& name) {
        sql("INSERT INTO thing_group_things VALUES('" + group + "', '" + name + "')");
    }
    void follow() {
        service_->things_changed();
        service_->look();
    }

    // A job with the members of `definition` for things T0, T1 … or for one group.
    void create(const std::string& id, std::string_view definition,
                const std::vector<std::string>& targets) {
        job_record job;
        job.id = id;
        job.definition = parse_json(definition).value().as_object();
        job.document = R"({"do":"it"})";
        std::vector<std::string> arns;
        for (const auto& each : targets) {
            arns.push_back(identity_.iot_arn(each));
        }
        const auto made = service_->perform([&](job_changes& changes) -> api_result {
            const auto done = changes.create(job, arns);
            return done ? api_result(reply{}) : api_result(internal_error(done.error()));
        });
        ASSERT_TRUE(made) << made.error().why;
    }
    std::vector<std::string> things(int count) {
        std::vector<std::string> names;
        for (int i = 0; i < count; ++i) {
            names.push_back("thing/T" + std::to_string(i));
            thing("T" + std::to_string(i));
        }
        return names;
    }

    // "accepted", or the code of the refusal.
    std::string ask(jobs::request what, const std::string& thing, const std::string& job,
                    std::string_view body = "{}") {
        std::promise<result<json::object>> done;
        device_job_request asked;
        asked.thing = thing;
        asked.what = what;
        asked.job_id = job;
        asked.body = parse_json(body).value().as_object();
        asked.answered = [&](const result<json::object>& answer) { done.set_value(answer); };
        service_->ask(std::move(asked));
        const auto answer = done.get_future().get();
        if (answer) {
            last_ = *answer;
        }
        return answer ? "accepted"
                      : std::string(jobs::wire_code(jobs::to_refusal(answer.error()).code));
    }
    std::string update(const std::string& thing, const std::string& job, std::string_view status) {
        return ask(jobs::request::update, thing, job,
                   R"({"status":")" + std::string(status) + "\"}");
    }
    job_record job(const std::string& id) {
        const auto hold = state_->db().lock();
        return find_job(*state_, id).value().value();
    }
    // "QUEUED 1": status and number of the newest.
    std::string execution(const std::string& thing, const std::string& id) {
        const auto hold = state_->db().lock();
        const auto found =
            find_execution(*state_, find_job(*state_, id).value()->sequence, thing, {}).value();
        return found ? std::string(jobs::to_string(found->state)) + " " +
                           std::to_string(found->number)
                     : "none";
    }
    std::vector<std::string> topics_said() {
        service_->look();
        const std::lock_guard hold(mutex_);
        std::vector<std::string> topics;
        for (const auto& each : std::exchange(said_, {})) {
            topics.push_back(each.topic + (each.to.empty() ? "" : " to " + each.to));
        }
        return topics;
    }

    std::filesystem::path directory_ = [] {
        std::string pattern = std::filesystem::temp_directory_path() / "job_service_XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    std::unique_ptr<store> state_ = store::open((directory_ / "service.db").string()).value();
    service_identity identity_;
    turned_clock clock_;
    std::unique_ptr<job_service> service_ = std::make_unique<job_service>(
        *state_, identity_, clock_,
        [](std::string_view url, const std::string&, const std::string& thing,
           std::chrono::seconds) { return result<std::string>(std::string(url) + "?" + thing); },
        logger());
    json::object last_;
    std::mutex mutex_;
    std::vector<job_message> said_;
};

TEST_F(jobs_at_the_service, a_thing_is_told_when_its_list_and_its_next_job_change) {
    create("j", "{}", things(1));
    EXPECT_THAT(topics_said(),
                ElementsAre("$aws/things/T0/jobs/notify", "$aws/things/T0/jobs/notify-next"));
    create("k", "{}", {"thing/T0"});
    EXPECT_THAT(topics_said(), ElementsAre("$aws/things/T0/jobs/notify"));
    EXPECT_EQ(ask(jobs::request::start_next, "T0", ""), "accepted");
    EXPECT_THAT(topics_said(), IsEmpty()) << "the same jobs in the same order";
    update("T0", "j", "SUCCEEDED");
    EXPECT_THAT(topics_said(),
                ElementsAre("$aws/events/jobExecution/j/succeeded", "$aws/events/job/j/completed",
                            "$aws/things/T0/jobs/notify", "$aws/things/T0/jobs/notify-next"));
}

TEST_F(jobs_at_the_service, a_request_over_mqtt_is_answered_to_who_asked_alone) {
    create("j", "{}", things(1));
    topics_said();
    const auto publish = [&](std::string_view topic, std::string_view payload,
                             std::string_view source) {
        mqtt::publish_view view;
        view.topic = topic;
        view.payload = payload;
        service_->deliver(mqtt::publication(view, source, clock_.now()), nullptr);
    };
    publish("$aws/things/T0/jobs/get", "", "device");
    publish("$aws/things/T0/jobs/j/update", "{", "device");
    publish("$aws/things/T0/jobs/nothing", "{}", "");
    EXPECT_THAT(topics_said(), ElementsAre("$aws/things/T0/jobs/get/accepted to device",
                                           "$aws/things/T0/jobs/j/update/rejected to device",
                                           "$aws/things/T0/jobs/nothing/rejected"));
}

TEST_F(jobs_at_the_service, the_job_s_timer_runs_from_the_start) {
    create("j", R"({"timeoutConfig":{"inProgressTimeoutInMinutes":2}})", things(1));
    clock_.turn(10 * minute);
    service_->look();
    EXPECT_EQ(execution("T0", "j"), "QUEUED 1") << "it has not begun";
    ask(jobs::request::start_next, "T0", "");
    clock_.turn(2 * minute - std::chrono::seconds(1));
    service_->look();
    EXPECT_EQ(execution("T0", "j"), "IN_PROGRESS 1");
    clock_.turn(std::chrono::seconds(1));
    service_->look();
    EXPECT_EQ(execution("T0", "j"), "TIMED_OUT 1");
    EXPECT_EQ(job("j").status, job_completed);
    EXPECT_THAT(topics_said(), Contains("$aws/events/jobExecution/j/timed_out"));
    EXPECT_EQ(update("T0", "j", "SUCCEEDED"), "InvalidStateTransition");
}

TEST_F(jobs_at_the_service, the_step_s_timer_is_set_and_stopped_by_the_device) {
    create("j", "{}", things(2));
    for (const auto* name : {"T0", "T1"}) {
        ask(jobs::request::start_next, name, "", R"({"stepTimeoutInMinutes":1})");
    }
    ask(jobs::request::update, "T0", "j", R"({"status":"IN_PROGRESS","stepTimeoutInMinutes":-1})");
    clock_.turn(minute);
    service_->look();
    EXPECT_EQ(execution("T0", "j"), "IN_PROGRESS 1");
    EXPECT_EQ(execution("T1", "j"), "TIMED_OUT 1");
}

TEST_F(jobs_at_the_service, a_rate_gives_the_job_to_so_many_a_minute) {
    create("j", R"({"jobExecutionsRolloutConfig":{"maximumPerMinute":2}})", things(5));
    EXPECT_EQ(job("j").counts[jobs::status::queued], 2);
    clock_.turn(minute - std::chrono::seconds(1));
    service_->look();
    EXPECT_EQ(job("j").counts[jobs::status::queued], 2);
    clock_.turn(std::chrono::seconds(1));
    service_->look();
    EXPECT_EQ(job("j").counts[jobs::status::queued], 4);
    for (const auto* name : {"T0", "T1", "T2", "T3"}) {
        update(name, "j", "SUCCEEDED");
    }
    EXPECT_EQ(job("j").status, job_in_progress) << "one waits for its turn";
    clock_.turn(minute);
    service_->look();
    update("T4", "j", "SUCCEEDED");
    EXPECT_EQ(job("j").status, job_completed);
}

TEST_F(jobs_at_the_service, what_waits_for_its_turn_is_still_there_after_a_restart) {
    create("j", R"({"jobExecutionsRolloutConfig":{"maximumPerMinute":1}})", things(2));
    service_->stop();
    clock_.turn(minute);
    service_ = std::make_unique<job_service>(
        *state_, identity_, clock_,
        [](std::string_view url, const std::string&, const std::string&, std::chrono::seconds) {
            return result<std::string>(std::string(url));
        },
        logger());
    begin();
    service_->look();
    EXPECT_EQ(job("j").counts[jobs::status::queued], 2);
}

TEST_F(jobs_at_the_service, an_aborted_job_leaves_what_is_under_way) {
    create("j",
           R"({"abortConfig":{"criteriaList":[{"failureType":"REJECTED","action":"CANCEL",
               "thresholdPercentage":100,"minNumberOfExecutedThings":1}]}})",
           things(3));
    ask(jobs::request::start_next, "T0", "");
    update("T1", "j", "REJECTED");
    EXPECT_EQ(job("j").status, job_canceled);
    EXPECT_EQ(job("j").reason_code, "ABORT_CRITERIA_MET");
    EXPECT_EQ(execution("T0", "j"), "IN_PROGRESS 1");
    EXPECT_EQ(execution("T2", "j"), "CANCELED 1");
    EXPECT_EQ(update("T0", "j", "SUCCEEDED"), "accepted");
    EXPECT_EQ(job("j").status, job_canceled);
}

TEST_F(jobs_at_the_service, a_retry_is_a_new_execution_and_counts_once) {
    create("j",
           R"({"jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"ALL",
               "numberOfRetries":1}]},"timeoutConfig":{"inProgressTimeoutInMinutes":1}})",
           things(1));
    update("T0", "j", "FAILED");
    EXPECT_EQ(execution("T0", "j"), "QUEUED 2");
    ask(jobs::request::start_next, "T0", "");
    clock_.turn(minute);
    service_->look();
    EXPECT_EQ(execution("T0", "j"), "TIMED_OUT 2");
    EXPECT_EQ(job("j").status, job_completed);
    EXPECT_EQ(job("j").counts[jobs::status::timed_out], 1);
    EXPECT_EQ(job("j").counts[jobs::status::failed], 0);
}

TEST_F(jobs_at_the_service, a_continuous_job_reaches_groups_below_its_groups) {
    sql("INSERT INTO thing_groups(name, id, parent, created_at) VALUES('G', 'g', NULL, 0)");
    sql("INSERT INTO thing_groups(name, id, parent, created_at) VALUES('H', 'h', 'G', 0)");
    things(2);
    create("j", R"({"targetSelection":"CONTINUOUS"})", {"thinggroup/G"});
    EXPECT_EQ(job("j").status, job_in_progress) << "nobody is there yet";
    join("H", "T0");
    join("G", "T1");
    follow();
    EXPECT_EQ(job("j").counts[jobs::status::queued], 2);
    sql("DELETE FROM thing_group_things WHERE thing = 'T0'");
    follow();
    EXPECT_EQ(execution("T0", "j"), "REMOVED 1");
    EXPECT_EQ(execution("T1", "j"), "QUEUED 1");
    join("G", "T0");
    follow();
    EXPECT_EQ(execution("T0", "j"), "QUEUED 2");
    EXPECT_EQ(job("j").counts[jobs::status::removed], 0) << "the newest execution counts";
}

TEST_F(jobs_at_the_service, a_snapshot_ends_although_a_thing_is_deleted) {
    create("j", "{}", things(2));
    update("T0", "j", "SUCCEEDED");
    sql("DELETE FROM things WHERE name = 'T1'");
    follow();
    EXPECT_EQ(execution("T1", "j"), "REMOVED 1");
    EXPECT_EQ(job("j").status, job_completed);
}

TEST_F(jobs_at_the_service, a_job_for_nobody_is_done) {
    sql("INSERT INTO thing_groups(name, id, parent, created_at) VALUES('G', 'g', NULL, 0)");
    create("j", "{}", {"thinggroup/G"});
    EXPECT_EQ(job("j").status, job_completed);
}

TEST_F(jobs_at_the_service, each_thing_gets_urls_of_its_own) {
    things(1);
    job_record signed_job;
    signed_job.id = "j";
    signed_job.definition = {{"presignedUrlConfig", {{"roleArn", "r"}, {"expiresInSec", 60}}}};
    signed_job.document = R"({"url":"${aws:iot:s3-presigned-url:u}"})";
    const auto made = service_->perform([&](job_changes& changes) -> api_result {
        return changes.create(signed_job, {identity_.iot_arn("thing/T0")})
                   ? api_result(reply{})
                   : api_result(api_error{});
    });
    ASSERT_TRUE(made);
    ASSERT_EQ(ask(jobs::request::describe, "T0", "$next"), "accepted");
    EXPECT_EQ(last_.at("execution").at("jobDocument"), parse_json(R"({"url":"u?T0"})").value());
}

TEST_F(jobs_at_the_service, an_operation_that_is_refused_leaves_nothing) {
    things(1);
    topics_said();
    const auto refused = service_->perform([&](job_changes& changes) -> api_result {
        job_record never;
        never.id = "j";
        never.document = "{}";
        EXPECT_TRUE(changes.create(never, {identity_.iot_arn("thing/T0")}));
        return api_error{400, "InvalidRequestException", "no"};
    });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "InvalidRequestException");
    EXPECT_THAT(topics_said(), IsEmpty());
    const auto hold = state_->db().lock();
    EXPECT_FALSE(find_job(*state_, "j").value());
}

TEST_F(jobs_at_the_service, a_stored_config_that_cannot_be_read_spoils_no_other_job) {
    create("bad", R"({"abortConfig":{"criteriaList":[]}})", things(1));
    create("good", "{}", {"thing/T0"});
    EXPECT_EQ(update("T0", "bad", "FAILED"), "InvalidRequest");
    EXPECT_EQ(update("T0", "good", "FAILED"), "accepted");
    EXPECT_EQ(execution("T0", "bad"), "QUEUED 1");
}

TEST_F(jobs_at_the_service, what_comes_after_the_stop_is_refused) {
    things(1);
    service_->stop();
    EXPECT_EQ(ask(jobs::request::get_pending, "T0", ""), "RequestThrottled");
    const auto late = service_->perform([](job_changes&) -> api_result { return reply{}; });
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().status, 503);
}

}  // namespace
}  // namespace evergrass::cloud
