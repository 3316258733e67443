#include "cloud/greengrass/bulk_runner.hpp"
#include "cloud/greengrass/greengrass_fixture.hpp"
#include "cloud/objects/file_bodies.hpp"
#include "cloud/objects/object_store.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

namespace evergrass::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class bulk_deployments : public greengrass_fixture {
protected:
    void SetUp() override {
        greengrass_fixture::SetUp();
        objects_ = std::make_unique<objects::object_store>(
            *state_, clock_, std::make_unique<objects::file_bodies>(directory_ + "/objects"),
            logger());
        ASSERT_TRUE(objects_->create_bucket("fleet"));
        services_->objects = objects_.get();
        runner_ = std::make_unique<greengrass::bulk_runner>(*services_);
    }
    void TearDown() override {
        runner_.reset();
        greengrass_fixture::TearDown();
    }

    static std::string line(const std::string& group, const std::string& version) {
        return json::serialize(json::object{{"GroupId", group},
                                            {"GroupVersionId", version},
                                            {"DeploymentType", "NewDeployment"}}) +
               "\n";
    }
    // A group with a core of its own.
    json::object make_group_of(const std::string& core) {
        json::array cores;
        cores.emplace_back(member(core, 'c'));
        return make_group(
            {{"CoreDefinitionVersionArn", define("Core", "Cores", std::move(cores))}});
    }
    std::string line_of(const json::object& group) {
        return line(text(group, "Id"), text(group, "LatestVersion"));
    }
    void put_input(const std::string& content) {
        ASSERT_TRUE(objects_->put("fleet", "input", content, {}));
    }
    json::object start_input(std::string uri = "s3://fleet/input") {
        return {{"InputFileUri", std::move(uri)},
                {"ExecutionRoleArn", "arn:aws:iam::123456789012:role/bulk"}};
    }
    std::string start(const std::string& content) {
        put_input(content);
        return text(output_of("StartBulkDeployment", start_input()), "BulkDeploymentId");
    }
    void work_to_the_end() {
        while (runner_->work_once()) {
        }
    }
    json::object status(const std::string& id) {
        return output_of("GetBulkDeploymentStatus", {{"BulkDeploymentId", id}});
    }
    std::string state_of(const std::string& id) { return text(status(id), "BulkDeploymentStatus"); }
    std::int64_t metric(const std::string& id, const char* name) {
        return status(id).at("BulkDeploymentMetrics").at(name).as_int64();
    }
    json::array reports(const std::string& id) {
        return output_of("ListBulkDeploymentDetailedReports", {{"BulkDeploymentId", id}})
            .at("Deployments")
            .as_array();
    }

    std::unique_ptr<objects::object_store> objects_;
    std::unique_ptr<greengrass::bulk_runner> runner_;
};

TEST_F(bulk_deployments, every_group_of_the_file_is_deployed) {
    const auto first = make_group_of("a");
    const auto second = make_group_of("b");
    const auto id = start(line_of(first) + line_of(second));
    EXPECT_EQ(state_of(id), "Initializing");
    work_to_the_end();
    EXPECT_EQ(state_of(id), "Completed");
    EXPECT_EQ(metric(id, "RecordsProcessed"), 2);
    EXPECT_EQ(metric(id, "InvalidInputRecords"), 0);
    EXPECT_EQ(metric(id, "RetryAttempts"), 0);
    const auto made = reports(id);
    ASSERT_EQ(made.size(), 2U);
    const auto& one = made[0].as_object();
    EXPECT_EQ(text(one, "GroupArn"), text(first, "LatestVersionArn"));
    EXPECT_EQ(text(one, "DeploymentStatus"), "InProgress");
    EXPECT_EQ(text(one, "DeploymentType"), "NewDeployment");
    EXPECT_EQ(text(status_of(first, one), "DeploymentStatus"), "InProgress");
}

TEST_F(bulk_deployments, whoever_waits_for_the_store_has_it_after_one_record) {
    std::string input;
    for (int i = 0; i < 3; ++i) {
        input += line_of(make_group_of("core" + std::to_string(i)));
    }
    const auto id = start(input);
    ASSERT_TRUE(runner_->work_once());  // reads the input
    auto hold = state_->db().lock();
    std::thread user([&] { const auto turn = state_->db().lock(); });
    while (!state_->db().is_wanted()) {
        std::this_thread::yield();
    }
    ASSERT_TRUE(runner_->work_once());
    EXPECT_EQ(metric(id, "RecordsProcessed"), 1);
    hold.unlock();
    user.join();
    ASSERT_TRUE(runner_->work_once());
    EXPECT_EQ(metric(id, "RecordsProcessed"), 3);
}

TEST_F(bulk_deployments, reports_show_what_became_of_each_deployment) {
    const auto group = make_group_of("a");
    const auto id = start(line_of(group));
    work_to_the_end();
    clock_.now_ += std::chrono::seconds(11);
    const auto failed = reports(id).at(0).as_object();
    EXPECT_EQ(text(failed, "DeploymentStatus"), "Failure");
    EXPECT_THAT(text(failed, "ErrorMessage"), HasSubstr("thing 'a' does not exist"));
    EXPECT_EQ(text(status_of(group, failed), "DeploymentStatus"), "Failure");
}

TEST_F(bulk_deployments, the_counts_grow_while_it_runs_and_a_restart_goes_on) {
    std::string input;
    for (int i = 0; i < 20; ++i) {
        input += line_of(make_group_of("core" + std::to_string(i)));
    }
    const auto id = start(input);
    ASSERT_TRUE(runner_->work_once());  // reads the input
    EXPECT_EQ(state_of(id), "Running");
    ASSERT_TRUE(runner_->work_once());
    const auto some = metric(id, "RecordsProcessed");
    EXPECT_GT(some, 0);
    EXPECT_LT(some, 20);
    EXPECT_EQ(reports(id).size(), static_cast<std::size_t>(some));
    runner_ = std::make_unique<greengrass::bulk_runner>(*services_);
    work_to_the_end();
    EXPECT_EQ(metric(id, "RecordsProcessed"), 20);
    std::int64_t deployments = 0;
    ASSERT_TRUE(state_->db().query("count", "SELECT count(*) FROM deployments", {},
                                   [&](const db::row& row) { deployments = row.integer(0); }));
    EXPECT_EQ(deployments, 20);
}

TEST_F(bulk_deployments, a_group_that_cannot_be_deployed_is_counted_and_the_rest_goes_on) {
    const auto good = make_group_of("a");
    const auto empty =
        output_of("CreateGroup", {{"Name", "empty"}, {"InitialVersion", json::object()}});
    const auto id = start(line("nowhere", "v") + line(text(good, "Id"), "no version") +
                          line_of(empty) + line_of(good));
    work_to_the_end();
    EXPECT_EQ(state_of(id), "Completed");
    EXPECT_EQ(metric(id, "RecordsProcessed"), 4);
    EXPECT_EQ(metric(id, "InvalidInputRecords"), 3);
    std::vector<std::string> outcomes;
    for (const auto& each : reports(id)) {
        outcomes.push_back(text(each.as_object(), "DeploymentStatus"));
    }
    EXPECT_THAT(outcomes, ElementsAre("Failure", "Failure", "Failure", "InProgress"));
    const auto first = reports(id).at(0).as_object();
    EXPECT_EQ(text(first, "ErrorMessage"), "That group definition does not exist.");
    EXPECT_EQ(text(first.at("ErrorDetails").at(0).as_object(), "DetailedErrorCode"),
              "ResourceNotFoundException");
    EXPECT_FALSE(first.contains("DeploymentId"));
}

TEST_F(bulk_deployments, a_file_with_a_bad_line_deploys_nothing) {
    const auto id = start(line_of(make_group_of("a")) + "oops\n{}\n");
    work_to_the_end();
    const auto failed = status(id);
    EXPECT_EQ(text(failed, "BulkDeploymentStatus"), "Failed");
    EXPECT_EQ(text(failed, "ErrorMessage"),
              "InvalidInputFile: Failed to parse input file at line number: 2");
    EXPECT_EQ(failed.at("ErrorDetails").as_array().size(), 2U);
    EXPECT_EQ(metric(id, "InvalidInputRecords"), 2);
    EXPECT_EQ(metric(id, "RecordsProcessed"), 0);
    EXPECT_TRUE(reports(id).empty());
}

TEST_F(bulk_deployments, the_input_is_what_it_was_when_it_was_started) {
    const auto id = start(line_of(make_group_of("a")));
    put_input("something else");
    work_to_the_end();
    EXPECT_EQ(state_of(id), "Completed");
}

TEST_F(bulk_deployments, damage_an_input_whose_file_is_gone_fails_and_says_so) {
    const auto id = start(line_of(make_group_of("a")));
    std::filesystem::remove_all(directory_ + "/objects");
    work_to_the_end();
    EXPECT_EQ(state_of(id), "Failed");
    EXPECT_THAT(text(status(id), "ErrorMessage"), HasSubstr("s3://fleet/input"));
}

TEST_F(bulk_deployments, one_that_is_stopped_leaves_the_other_records_alone) {
    std::string input;
    for (int i = 0; i < 20; ++i) {
        input += line_of(make_group_of("core" + std::to_string(i)));
    }
    const auto id = start(input);
    runner_->work_once();
    runner_->work_once();
    const auto some = metric(id, "RecordsProcessed");
    output_of("StopBulkDeployment", {{"BulkDeploymentId", id}});
    EXPECT_EQ(state_of(id), "Stopping");
    work_to_the_end();
    EXPECT_EQ(state_of(id), "Stopped");
    EXPECT_EQ(metric(id, "RecordsProcessed"), some);
    EXPECT_REFUSED(run("StopBulkDeployment", {{"BulkDeploymentId", id}}), 400,
                   "BadRequestException",
                   "Bulk deployment '" + id + "' is Stopped already; there is nothing to stop.");
}

TEST_F(bulk_deployments, one_that_is_stopped_before_it_began_deploys_nothing) {
    const auto id = start(line_of(make_group_of("a")));
    output_of("StopBulkDeployment", {{"BulkDeploymentId", id}});
    work_to_the_end();
    EXPECT_EQ(state_of(id), "Stopped");
    EXPECT_TRUE(reports(id).empty());
}

TEST_F(bulk_deployments, there_is_one_at_a_time) {
    const auto id = start(line_of(make_group_of("a")));
    const auto refused = run("StartBulkDeployment", start_input());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "ConcurrentDeployment");
    EXPECT_THAT(refused.error().message,
                HasSubstr("Concurrent Deployment Error: bulk deployment " + id));
    work_to_the_end();
    EXPECT_TRUE(run("StartBulkDeployment", start_input()));
}

TEST_F(bulk_deployments, what_cannot_be_started_is_refused_by_the_members_name) {
    struct {
        const char* member;
        const char* value;
        const char* fault;
    } const cases[] = {
        {"InputFileUri", "file:///etc/passwd", "InputFileUri: 'file:///etc/passwd' is not the URI"},
        {"InputFileUri", "s3://fleet/nothing",
         "InputFileUri 's3://fleet/nothing': The specified key does not exist"},
        {"InputFileUri", "s3://nowhere/input", "The specified bucket does not exist"},
        {"ExecutionRoleArn", "bulk", "ExecutionRoleArn 'bulk' is not the ARN of a role"},
    };
    put_input("x");
    for (const auto& [member, value, fault] : cases) {
        auto input = start_input();
        input[member] = value;
        const auto refused = run("StartBulkDeployment", std::move(input));
        ASSERT_FALSE(refused) << value;
        EXPECT_EQ(refused.error().status, 400);
        EXPECT_EQ(refused.error().code, "BadRequestException");
        EXPECT_THAT(refused.error().message, HasSubstr(fault));
    }
    services_->objects = nullptr;
    EXPECT_FALSE(run("StartBulkDeployment", start_input()));
}

TEST_F(bulk_deployments, they_are_listed_newest_first_in_pages_and_reports_in_order) {
    std::vector<std::string> ids;
    const auto input = line_of(make_group_of("a")) + line_of(make_group_of("b")) + line("c", "v");
    for (int i = 0; i < 3; ++i) {
        ids.insert(ids.begin(), start(input));
        work_to_the_end();
    }
    const auto first = output_of("ListBulkDeployments", {{"MaxResults", "2"}});
    const auto second = output_of("ListBulkDeployments", {{"NextToken", text(first, "NextToken")}});
    EXPECT_EQ(text(first.at("BulkDeployments").at(0).as_object(), "BulkDeploymentId"), ids[0]);
    EXPECT_EQ(text(second.at("BulkDeployments").at(0).as_object(), "BulkDeploymentId"), ids[2]);
    EXPECT_FALSE(second.contains("NextToken"));
    std::vector<std::string> shown;
    json::object asked{{"BulkDeploymentId", ids[0]}, {"MaxResults", "1"}};
    for (;;) {
        const auto page = output_of("ListBulkDeploymentDetailedReports", asked);
        shown.push_back(text(page.at("Deployments").at(0).as_object(), "DeploymentStatus"));
        if (!page.contains("NextToken")) {
            break;
        }
        asked["NextToken"] = page.at("NextToken");
    }
    EXPECT_THAT(shown, ElementsAre("InProgress", "InProgress", "Failure"));
}

TEST_F(bulk_deployments, tags_are_those_of_any_resource) {
    put_input("x");
    auto input = start_input();
    input["tags"] = json::object{{"a", "1"}};
    const auto made = output_of("StartBulkDeployment", std::move(input));
    const auto arn = text(made, "BulkDeploymentArn");
    const auto id = text(made, "BulkDeploymentId");
    EXPECT_EQ(arn, "arn:aws:greengrass:us-east-1:123456789012:/greengrass/bulk/deployments/" + id);
    EXPECT_TRUE(run("TagResource", {{"ResourceArn", arn}, {"tags", json::object{{"b", "2"}}}}));
    EXPECT_EQ(status(id).at("tags"), json::value(json::object({{"a", "1"}, {"b", "2"}})));
    EXPECT_REFUSED(run("ListTagsForResource", {{"ResourceArn", arn + "x"}}), 404,
                   "IdNotFoundException", "The resource " + arn + "x does not exist.");
}

TEST_F(bulk_deployments, what_does_not_exist_is_named) {
    for (const auto* operation :
         {"GetBulkDeploymentStatus", "ListBulkDeploymentDetailedReports", "StopBulkDeployment"}) {
        EXPECT_REFUSED(run(operation, {{"BulkDeploymentId", "no"}}), 404, "IdNotFoundException",
                       "Bulk deployment 'no' does not exist.");
    }
}

TEST_F(bulk_deployments, a_record_that_the_service_fails_at_is_tried_again_and_given_up) {
    const auto id = start(line_of(make_group_of("a")) + line_of(make_group_of("b")));
    runner_->work_once();
    // The first group's deployment cannot be written.
    write(
        "CREATE TRIGGER broken BEFORE INSERT ON deployments WHEN NEW.core_thing = 'a'"
        " BEGIN SELECT RAISE(ABORT, 'disk'); END");
    std::chrono::milliseconds last{0};
    for (int i = 0; i < 5; ++i) {
        const auto wait = runner_->work_once();
        ASSERT_TRUE(wait);
        EXPECT_GT(*wait, last) << "each wait is longer";
        last = *wait;
        EXPECT_EQ(metric(id, "RetryAttempts"), i + 1);
        EXPECT_EQ(metric(id, "RecordsProcessed"), 0);
    }
    work_to_the_end();
    EXPECT_EQ(metric(id, "RetryAttempts"), 5);
    EXPECT_EQ(metric(id, "RecordsProcessed"), 2);
    EXPECT_EQ(metric(id, "InvalidInputRecords"), 1);
    EXPECT_EQ(text(reports(id).at(0).as_object(), "DeploymentStatus"), "Failure");
    EXPECT_EQ(text(reports(id).at(1).as_object(), "DeploymentStatus"), "InProgress");
}

TEST_F(bulk_deployments, its_thread_is_woken_by_the_call_and_ends_when_told) {
    services_->bulk_changed = [this] { runner_->wake(); };
    runner_->start();
    const auto id = start(line_of(make_group_of("a")));
    while (state_of(id) != "Completed") {
        std::this_thread::yield();
    }
    runner_->stop();
    EXPECT_EQ(metric(id, "RecordsProcessed"), 1);
}

}  // namespace
}  // namespace evergrass::cloud
