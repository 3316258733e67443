#include "cloud/greengrass/greengrass_fixture.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view unknown_id = "7b0bdeae-54c7-47cf-9f93-561e672efd9c";

class definitions : public greengrass_fixture {
protected:
    json::object with(std::string_view list, json::object element) {
        json::array elements;
        elements.emplace_back(std::move(element));
        json::object content;
        content[list] = std::move(elements);
        return content;
    }
};

TEST_F(definitions, a_definition_has_the_arn_and_times_of_the_api) {
    const auto answered =
        run("CreateCoreDefinition",
            {{"Name", "cores"}, {"InitialVersion", with("Cores", member("core", 'c'))}});
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->status, 201);
    const auto& made = answered->output;
    const auto arn = "arn:aws:greengrass:us-east-1:123456789012:/greengrass/definition/cores/" +
                     text(made, "Id");
    EXPECT_EQ(text(made, "Arn"), arn);
    EXPECT_EQ(text(made, "LatestVersionArn"), arn + "/versions/" + text(made, "LatestVersion"));
    EXPECT_EQ(text(made, "CreationTimestamp"), "2026-11-23T19:30:00.000Z");
    EXPECT_EQ(text(made, "LastUpdatedTimestamp"), "2026-11-23T19:30:00.000Z");
}

TEST_F(definitions, a_definition_without_a_version_shows_no_latest_one) {
    const auto made = output_of("CreateDeviceDefinition");
    EXPECT_FALSE(made.contains("LatestVersion"));
    EXPECT_FALSE(made.contains("Name"));
}

TEST_F(definitions, a_version_comes_back_as_it_was_sent) {
    const auto content = with("Cores", member("core", 'c'));
    const auto made = output_of("CreateCoreDefinition", {{"InitialVersion", content}});
    const auto got = output_of("GetCoreDefinitionVersion",
                               {{"CoreDefinitionId", text(made, "Id")},
                                {"CoreDefinitionVersionId", text(made, "LatestVersion")}});
    EXPECT_EQ(got.at("Definition"), json::value(content));
    EXPECT_EQ(text(got, "Id"), text(made, "Id"));
    EXPECT_EQ(text(got, "Version"), text(made, "LatestVersion"));
}

TEST_F(definitions, a_new_version_becomes_the_latest_and_moves_the_time) {
    const auto made = output_of("CreateLoggerDefinition");
    clock_.now_ += std::chrono::seconds(5);
    const auto version =
        output_of("CreateLoggerDefinitionVersion",
                  {{"LoggerDefinitionId", text(made, "Id")}, {"Loggers", json::array()}});
    const auto got = output_of("GetLoggerDefinition", {{"LoggerDefinitionId", text(made, "Id")}});
    EXPECT_EQ(text(got, "LatestVersion"), text(version, "Version"));
    EXPECT_EQ(text(got, "LastUpdatedTimestamp"), "2026-11-23T19:30:05.000Z");
}

TEST_F(definitions, lists_come_newest_first_in_pages) {
    for (int i = 0; i < 5; ++i) {
        output_of("CreateDeviceDefinition", {{"Name", std::to_string(i)}});
        clock_.now_ += std::chrono::milliseconds(1);
    }
    std::string names;
    json::object input{{"MaxResults", "2"}};
    for (int pages = 1;; ++pages) {
        const auto listed = list_of("ListDeviceDefinitions", input);
        for (const auto& item : listed.at("Definitions").as_array()) {
            names += text(item.as_object(), "Name");
        }
        if (!listed.contains("NextToken")) {
            EXPECT_EQ(pages, 3);
            break;
        }
        input["NextToken"] = listed.at("NextToken");
    }
    EXPECT_EQ(names, "43210");
}

TEST_F(definitions, an_item_of_a_list_is_what_its_get_answers) {
    const auto plain = output_of("CreateDeviceDefinition");
    const auto full = output_of("CreateDeviceDefinition", {{"Name", "a \"b\\\n\u0001\x7f \u00e4"},
                                                           {"InitialVersion", json::object()},
                                                           {"tags", {{"k\"", "v\\"}}}});
    const auto listed = list_of("ListDeviceDefinitions");
    const auto& items = listed.at("Definitions").as_array();
    ASSERT_EQ(items.size(), 2U);
    for (const auto& item : items) {
        EXPECT_EQ(item, json::value(output_of("GetDeviceDefinition",
                                              {{"DeviceDefinitionId", item.at("Id")}})));
    }
    make_group({});
    const auto groups = list_of("ListGroups");
    auto group = output_of("GetGroup", {{"GroupId", groups.at("Groups").at(0).at("Id")}});
    group.erase("tags");  // the list's model has none
    EXPECT_EQ(groups.at("Groups").at(0), json::value(group));
}

TEST_F(definitions, an_adopted_id_may_be_any_text_and_its_list_is_json) {
    const std::string id = "a\"b\\c";
    write(
        "INSERT INTO definitions(kind, id, name, latest_version, created_at, updated_at)"
        " VALUES('cores', ?1, 'adopted', 'v\"1', 1, 1)",
        {id});
    const auto listed = list_of("ListCoreDefinitions");
    ASSERT_TRUE(listed.contains("Definitions"));
    EXPECT_EQ(listed.at("Definitions").at(0),
              json::value(output_of("GetCoreDefinition", {{"CoreDefinitionId", id}})));
}

TEST_F(definitions, versions_are_listed_newest_first_in_pages) {
    const auto made = output_of("CreateDeviceDefinition");
    const auto id = text(made, "Id");
    std::vector<std::string> versions;
    for (int i = 0; i < 3; ++i) {
        versions.insert(versions.begin(), text(output_of("CreateDeviceDefinitionVersion",
                                                         {{"DeviceDefinitionId", id}}),
                                               "Version"));
    }
    const auto first = output_of("ListDeviceDefinitionVersions",
                                 {{"DeviceDefinitionId", id}, {"MaxResults", "2"}});
    const auto second =
        output_of("ListDeviceDefinitionVersions",
                  {{"DeviceDefinitionId", id}, {"NextToken", text(first, "NextToken")}});
    ASSERT_EQ(first.at("Versions").as_array().size(), 2U);
    ASSERT_EQ(second.at("Versions").as_array().size(), 1U);
    EXPECT_EQ(text(first.at("Versions").at(0).as_object(), "Version"), versions[0]);
    EXPECT_EQ(text(second.at("Versions").at(0).as_object(), "Version"), versions[2]);
}

TEST_F(definitions, a_token_of_another_list_is_refused) {
    EXPECT_REFUSED(run("ListDeviceDefinitions", {{"NextToken", "MTp4"}}), 400,
                   "BadRequestException", "NextToken is not a token that this list returned.");
}

TEST_F(definitions, what_does_not_exist_is_answered_in_v1s_words) {
    const json::object id{{"FunctionDefinitionId", unknown_id}, {"Name", "n"}};
    EXPECT_REFUSED(run("GetFunctionDefinition", id), 404, "IdNotFoundException",
                   "That Lambda List Definition does not exist.");
    EXPECT_REFUSED(run("DeleteFunctionDefinition", id), 404, "IdNotFoundException",
                   "That lambdas definition does not exist.");
    EXPECT_REFUSED(run("UpdateFunctionDefinition", id), 404, "IdNotFoundException",
                   "That lambdas definition does not exist.");
    EXPECT_REFUSED(run("CreateFunctionDefinitionVersion", id), 404, "IdNotFoundException",
                   "That lambdas does not exist.");
    EXPECT_REFUSED(run("GetCoreDefinition", {{"CoreDefinitionId", unknown_id}}), 404,
                   "IdNotFoundException", "That Core List Definition does not exist");
    EXPECT_REFUSED(run("CreateResourceDefinitionVersion", {{"ResourceDefinitionId", unknown_id}}),
                   404, "IdNotFoundException", "That resource definition does not exist.");
    EXPECT_REFUSED(
        run("CreateSubscriptionDefinitionVersion", {{"SubscriptionDefinitionId", unknown_id}}), 404,
        "IdNotFoundException", "That subscriptions does not exist.");
}

TEST_F(definitions, an_unknown_version_is_answered_in_v1s_words) {
    const auto devices = text(output_of("CreateDeviceDefinition"), "Id");
    EXPECT_REFUSED(run("GetDeviceDefinitionVersion",
                       {{"DeviceDefinitionId", devices}, {"DeviceDefinitionVersionId", "v"}}),
                   404, "VersionNotFoundException",
                   "Version v of Device List Definition " + devices + " does not exist.");
    const auto functions = text(output_of("CreateFunctionDefinition"), "Id");
    EXPECT_REFUSED(run("GetFunctionDefinitionVersion",
                       {{"FunctionDefinitionId", functions}, {"FunctionDefinitionVersionId", "v"}}),
                   404, "IdNotFoundException",
                   "Version v of Lambda List Definition " + functions + " does not exist.");
}

TEST_F(definitions, a_rename_needs_a_name) {
    const auto id = text(output_of("CreateDeviceDefinition"), "Id");
    EXPECT_REFUSED(run("UpdateDeviceDefinition", {{"DeviceDefinitionId", id}, {"Name", ""}}), 400,
                   "InvalidContainerDefinitionException",
                   "Input does not contain any attributes to be updated");
    output_of("UpdateDeviceDefinition", {{"DeviceDefinitionId", id}, {"Name", "new"}});
    EXPECT_EQ(text(output_of("GetDeviceDefinition", {{"DeviceDefinitionId", id}}), "Name"), "new");
}

TEST_F(definitions, a_deleted_definition_is_gone_with_its_versions_and_tags) {
    const auto made =
        output_of("CreateCoreDefinition", {{"InitialVersion", with("Cores", member("core", 'c'))},
                                           {"tags", json::object{{"a", "b"}}}});
    output_of("DeleteCoreDefinition", {{"CoreDefinitionId", text(made, "Id")}});
    EXPECT_FALSE(run("GetCoreDefinition", {{"CoreDefinitionId", text(made, "Id")}}));
    EXPECT_FALSE(run("ListTagsForResource", {{"ResourceArn", text(made, "Arn")}}));
    EXPECT_FALSE(
        run("CreateGroupVersion",
            {{"GroupId", "g"}, {"CoreDefinitionVersionArn", text(made, "LatestVersionArn")}}));
}

TEST_F(definitions, ids_are_unique_within_a_version) {
    json::array devices;
    devices.emplace_back(member("a", 'a'));
    devices.emplace_back(member("a", 'b'));
    json::object content;
    content["Devices"] = devices;
    EXPECT_REFUSED(run("CreateDeviceDefinition", {{"InitialVersion", content}}), 400, "",
                   "The devices definition is invalid. (ErrorDetails: [ID 'a' is not unique])");
}

TEST_F(definitions, a_resource_below_sys_is_refused_in_v1s_words) {
    const json::object volume{{"SourcePath", "/sys/foo"}, {"DestinationPath", "/d"}};
    const json::object resource{
        {"Id", "1"},
        {"Name", "n"},
        {"ResourceDataContainer", json::object{{"LocalVolumeResourceData", volume}}}};
    EXPECT_REFUSED(
        run("CreateResourceDefinition", {{"InitialVersion", with("Resources", resource)}}), 400, "",
        "The resources definition is invalid. (ErrorDetails: [Accessing /sys is prohibited])");
}

TEST_F(definitions, a_device_resource_outside_of_dev_is_refused_in_v1s_words) {
    const json::object device{{"SourcePath", "/foo/bar"}};
    const json::object resource{
        {"Id", "1"},
        {"Name", "n"},
        {"ResourceDataContainer", json::object{{"LocalDeviceResourceData", device}}}};
    EXPECT_REFUSED(
        run("CreateResourceDefinition", {{"InitialVersion", with("Resources", resource)}}), 400, "",
        "The resources definition is invalid. (ErrorDetails: [Device resource path should begin "
        "with /dev, but got: /foo/bar])");
}

TEST_F(definitions, a_resource_needs_a_name) {
    const json::object resource{{"Id", "1"}, {"Name", ""}};
    EXPECT_REFUSED(
        run("CreateResourceDefinition", {{"InitialVersion", with("Resources", resource)}}), 400,
        "InvalidInputException", "Invalid resource name.");
}

TEST_F(definitions, each_kind_of_resource_is_checked_and_the_fault_names_it) {
    struct {
        const char* kind;
        json::object data;
        const char* fault;  // null: it is good
    } const cases[] = {
        {"LocalDeviceResourceData", {{"SourcePath", "/dev/video0"}}, nullptr},
        {"LocalDeviceResourceData", {{"SourcePath", "/dev/../etc"}}, "should begin with /dev"},
        {"LocalDeviceResourceData", {{"SourcePath", "/dev/shm"}}, "make it a local volume"},
        {"LocalVolumeResourceData",
         {{"SourcePath", "/dev/shm"}, {"DestinationPath", "/dev/shm"}},
         nullptr},
        {"LocalVolumeResourceData",
         {{"SourcePath", "//proc/../sys/x"}, {"DestinationPath", "/d"}},
         "Accessing /sys is prohibited"},
        {"LocalVolumeResourceData",
         {{"SourcePath", "relative"}, {"DestinationPath", "/d"}},
         "Volume resource path should be absolute, but got: relative"},
        {"LocalVolumeResourceData",
         {{"SourcePath", "/s"}, {"DestinationPath", "d"}},
         "DestinationPath of the resource with ID '1' should be absolute, but got: d"},
        {"S3MachineLearningModelResourceData",
         {{"S3Uri", "s3://models/a.tar.gz"}, {"DestinationPath", "/m"}},
         nullptr},
        {"S3MachineLearningModelResourceData",
         {{"DestinationPath", "/m"}},
         "S3Uri of the resource"},
        {"S3MachineLearningModelResourceData",
         {{"S3Uri", "s3://my.models/a.zip"}},
         "the bucket name 'my.models' must not have a dot"},
        {"S3MachineLearningModelResourceData",
         {{"S3Uri", "s3://models/a.onnx"}},
         "must end with .tar.gz or .zip"},
        {"SageMakerMachineLearningModelResourceData",
         {{"SageMakerJobArn", "arn:aws:sagemaker:us-east-1:123456789012:training-job/t"},
          {"DestinationPath", "/m"}},
         nullptr},
        {"SageMakerMachineLearningModelResourceData",
         {{"SageMakerJobArn", "arn:aws:s3:::t"}},
         "SageMakerJobArn of the resource with ID '1'"},
        {"SecretsManagerSecretResourceData",
         {{"ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:greengrass-a-Abc123"}},
         nullptr},
        {"SecretsManagerSecretResourceData",
         {{"ARN", "greengrass-a"}},
         "is not the ARN of a secret"},
    };
    for (const auto& [kind, data, fault] : cases) {
        json::object container;
        container[kind] = data;
        const json::object resource{
            {"Id", "1"}, {"Name", "n"}, {"ResourceDataContainer", std::move(container)}};
        const auto answered =
            run("CreateResourceDefinition", {{"InitialVersion", with("Resources", resource)}});
        EXPECT_EQ(answered.has_value(), fault == nullptr) << json::serialize(resource);
        if (fault != nullptr && !answered) {
            EXPECT_EQ(answered.error().status, 400);
            EXPECT_THAT(answered.error().message,
                        StartsWith("The resources definition is invalid. (ErrorDetails: ["));
            EXPECT_THAT(answered.error().message, HasSubstr(fault));
        }
    }
}

TEST_F(definitions, a_resource_has_one_kind_of_data) {
    const json::object both{{"LocalDeviceResourceData", json::object{{"SourcePath", "/dev/a"}}},
                            {"LocalVolumeResourceData", json::object{{"SourcePath", "/a"}}}};
    for (const auto& container : {json::object(), both}) {
        const json::object resource{
            {"Id", "1"}, {"Name", "n"}, {"ResourceDataContainer", container}};
        EXPECT_REFUSED(
            run("CreateResourceDefinition", {{"InitialVersion", with("Resources", resource)}}), 400,
            "",
            "The resources definition is invalid. (ErrorDetails: [Resource with ID '1' must have "
            "exactly one kind of resource data])");
    }
}

TEST_F(definitions, a_connector_is_named_with_its_version) {
    const auto create = [&](const char* arn) {
        return run("CreateConnectorDefinition",
                   {{"InitialVersion", with("Connectors", {{"Id", "c"}, {"ConnectorArn", arn}})}});
    };
    EXPECT_TRUE(create("arn:aws:greengrass:us-east-1::/connectors/SNS/versions/1"));
    for (const auto* arn :
         {"", "SNS", "/versions/1", "arn:aws:greengrass:us-east-1::/connectors/SNS",
          "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/",
          "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/x"}) {
        const auto refused = create(arn);
        ASSERT_FALSE(refused) << arn;
        EXPECT_THAT(refused.error().message, HasSubstr("ConnectorArn '" + std::string(arn)));
    }
}

TEST_F(definitions, a_logger_has_room_for_its_log) {
    const json::object logger{{"Id", "l"},
                              {"Component", "Lambda"},
                              {"Level", "INFO"},
                              {"Type", "FileSystem"},
                              {"Space", 0}};
    EXPECT_REFUSED(
        run("CreateLoggerDefinition", {{"InitialVersion", with("Loggers", logger)}}), 400, "",
        "The loggers definition is invalid. (ErrorDetails: [Space of ID 'l' must be 1 KB "
        "or more])");
}

TEST_F(definitions, a_version_has_no_further_page) {
    const auto made = output_of("CreateDeviceDefinition",
                                {{"InitialVersion", with("Devices", member("a", 'a'))}});
    EXPECT_REFUSED(run("GetDeviceDefinitionVersion",
                       {{"DeviceDefinitionId", text(made, "Id")},
                        {"DeviceDefinitionVersionId", text(made, "LatestVersion")},
                        {"NextToken", "MTp4"}}),
                   400, "BadRequestException", "NextToken is not a token that this list returned.");
}

TEST_F(definitions, subscriptions_between_strangers_are_refused_together) {
    const json::object wrong{{"Id", "9"}, {"Source", "foo"}, {"Target", "bar"}, {"Subject", "s"}};
    EXPECT_REFUSED(
        run("CreateSubscriptionDefinition", {{"InitialVersion", with("Subscriptions", wrong)}}),
        400, "",
        "The subscriptions definition is invalid or corrupted. (ErrorDetails: [Subscription source "
        "is invalid. ID is '9' and Source is 'foo', Subscription target is invalid. ID is '9' and "
        "Target is 'bar'])");
}

TEST_F(definitions, a_subscription_may_name_all_kinds_of_members) {
    for (const auto* target :
         {"cloud", "GGShadowService", "arn:aws:iot:ap-northeast-1:123456789012:thing/a_b:c",
          "arn:aws:lambda:ap-northeast-1:123456789012:function:f:v1",
          "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/1"}) {
        const json::object right{{"Id", "1"},
                                 {"Source", "arn:aws:lambda:r:1:function:f:1"},
                                 {"Target", target},
                                 {"Subject", "a/+/b/#"}};
        EXPECT_TRUE(
            run("CreateSubscriptionDefinition", {{"InitialVersion", with("Subscriptions", right)}}))
            << target;
    }
}

TEST_F(definitions, a_function_must_be_a_published_version_or_an_alias) {
    for (const auto* qualifier : {"", ":$LATEST"}) {
        const auto arn = identity_.lambda_arn("function:f") + qualifier;
        const auto refused =
            run("CreateFunctionDefinition",
                {{"InitialVersion", with("Functions", {{"Id", "f"}, {"FunctionArn", arn}})}});
        ASSERT_FALSE(refused) << qualifier;
        EXPECT_THAT(refused.error().message, StartsWith("The lambdas definition is invalid."));
        EXPECT_THAT(refused.error().message, HasSubstr("numbered version or an alias"));
    }
}

TEST_F(definitions, tags_are_set_overwritten_and_taken_off) {
    const auto made =
        output_of("CreateGroup", {{"Name", "g"}, {"tags", json::object{{"a", "1"}, {"b", ""}}}});
    const auto arn = text(made, "Arn");
    const auto tagged =
        run("TagResource", {{"ResourceArn", arn}, {"tags", json::object{{"a", "2"}, {"c", "3"}}}});
    ASSERT_TRUE(tagged);
    EXPECT_EQ(tagged->status, 204);
    json::array keys;
    keys.emplace_back("b");
    EXPECT_TRUE(run("UntagResource", {{"ResourceArn", arn}, {"TagKeys", keys}}));
    const json::value wanted = json::object{{"a", "2"}, {"c", "3"}};
    EXPECT_EQ(output_of("ListTagsForResource", {{"ResourceArn", arn}}).at("tags"), wanted);
    EXPECT_EQ(output_of("GetGroup", {{"GroupId", text(made, "Id")}}).at("tags"), wanted);
}

}  // namespace
}  // namespace evergrass::cloud
