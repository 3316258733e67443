#include "cloud/greengrass/deployments.hpp"

#include "cloud/greengrass/greengrass_fixture.hpp"
#include "cloud/greengrass/upstream_sts.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using greengrass::find_deployment;
using greengrass::manifest_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view unknown_id = "7b0bdeae-54c7-47cf-9f93-561e672efd9c";

json::array one(json::object element) {
    json::array elements;
    elements.emplace_back(std::move(element));
    return elements;
}

class deployments : public greengrass_fixture {
protected:
    json::object request(const json::object& group, std::string_view type) {
        return {{"GroupId", text(group, "Id")},
                {"GroupVersionId", text(group, "LatestVersion")},
                {"DeploymentType", type}};
    }
    // A group with a core, a device, a function by its alias, and a subscription from one to the
    // other; nothing of it is registered.
    json::object make_full_group(json::object function_configuration = {}) {
        const auto function = function_arn("f", "live");
        return make_group(
            {{"CoreDefinitionVersionArn", define("Core", "Cores", one(member("core", 'c')))},
             {"DeviceDefinitionVersionArn", define("Device", "Devices", one(member("lamp", 'd')))},
             {"FunctionDefinitionVersionArn",
              define("Function", "Functions",
                     one({{"Id", "f"},
                          {"FunctionArn", function},
                          {"FunctionConfiguration", std::move(function_configuration)}}))},
             {"SubscriptionDefinitionVersionArn", define("Subscription", "Subscriptions",
                                                         one({{"Id", "s"},
                                                              {"Source", thing_arn("lamp")},
                                                              {"Target", function},
                                                              {"Subject", "a/b"}}))}});
    }
    void register_full_group() {
        register_member("core", 'c');
        register_member("lamp", 'd');
        publish_function("f");
    }
    contract::manifest manifest(const json::object& deployment) {
        const auto found = find_deployment(*state_, text(deployment, "DeploymentId"));
        EXPECT_TRUE(found && *found);
        auto read = manifest_of(**found);
        EXPECT_TRUE(read) << read.error().message();
        return read ? *read : contract::manifest();
    }
    std::vector<std::string> members_of(const json::object& group) {
        std::vector<std::string> members;
        const auto read = state_->db().query(
            "members", "SELECT role || ' ' || thing FROM group_members WHERE group_id = ?1",
            {text(group, "Id")}, [&](const db::row& row) { members.push_back(row.text(0)); });
        EXPECT_TRUE(read);
        return members;
    }
    std::string failure_of(const json::object& group) {
        const auto status = status_of(group, deploy(group));
        EXPECT_EQ(text(status, "DeploymentStatus"), "Failure");
        return text(status, "ErrorMessage");
    }
};

TEST_F(deployments, a_deployment_is_in_progress_at_once) {
    const auto group = make_core_group();
    const auto answered = run("CreateDeployment", request(group, "NewDeployment"));
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->status, 200);
    EXPECT_EQ(text(answered->output, "DeploymentArn"),
              text(group, "Arn") + "/deployments/" + text(answered->output, "DeploymentId"));
    const auto status = status_of(group, answered->output);
    EXPECT_EQ(text(status, "DeploymentStatus"), "InProgress");
    EXPECT_EQ(text(status, "DeploymentType"), "NewDeployment");
    EXPECT_EQ(text(status, "UpdatedAt"), "2026-11-23T19:30:00.000Z");
}

TEST_F(deployments, the_manifest_has_aliases_followed_and_defaults_filled_in) {
    register_full_group();
    const auto group = make_full_group();
    const auto made = manifest(deploy(group));
    EXPECT_EQ(made.group_version_arn, text(group, "LatestVersionArn"));
    EXPECT_EQ(made.core.thing_name(), "core");
    ASSERT_EQ(made.devices.size(), 1U);
    EXPECT_TRUE(made.devices[0].sync_shadow);
    ASSERT_EQ(made.functions.size(), 1U);
    const auto& function = made.functions[0];
    EXPECT_EQ(function.arn, function_arn("f", "7"));
    EXPECT_EQ(function.runtime, "python3.7");
    EXPECT_EQ(function.handler, "f.handler");
    EXPECT_EQ(function.code_sha256, "Y29kZQ==");
    EXPECT_EQ(function.artifact, package_);
    EXPECT_EQ(function.code_size, 11);
    EXPECT_EQ(function.timeout_seconds, 3);
    EXPECT_EQ(function.memory_size_kb, 16384);
    EXPECT_FALSE(function.pinned);
    EXPECT_EQ(function.isolation_mode, contract::isolation::greengrass_container);
    ASSERT_EQ(made.subscriptions.size(), 1U);
    EXPECT_EQ(made.subscriptions[0].source, thing_arn("lamp"));
    EXPECT_EQ(made.subscriptions[0].target, function_arn("f", "7"));
    EXPECT_EQ(made.loggers.size(), 2U);
    ASSERT_EQ(made.group_cas.size(), 1U);
    EXPECT_THAT(made.group_cas[0], StartsWith("-----BEGIN CERTIFICATE-----"));
}

TEST_F(deployments, a_function_has_the_groups_configuration) {
    register_full_group();
    const json::object environment{
        {"AccessSysfs", true},
        {"Variables", json::object{{"A", "1"}}},
        {"Execution",
         json::object{{"IsolationMode", "NoContainer"}, {"RunAs", json::object{{"Uid", 5}}}}}};
    const auto group = make_full_group({{"Pinned", true},
                                        {"Timeout", 25},
                                        {"MemorySize", 64},
                                        {"EncodingType", "binary"},
                                        {"Executable", "run"},
                                        {"ExecArgs", "-v"},
                                        {"Environment", environment}});
    const auto function = manifest(deploy(group)).functions.at(0);
    EXPECT_TRUE(function.pinned);
    EXPECT_EQ(function.timeout_seconds, 25);
    EXPECT_EQ(function.memory_size_kb, 64);
    EXPECT_EQ(function.encoding_type, contract::encoding::binary);
    EXPECT_EQ(function.executable, "run");
    EXPECT_EQ(function.exec_args, "-v");
    EXPECT_TRUE(function.access_sysfs);
    ASSERT_EQ(function.variables.size(), 1U);
    EXPECT_EQ(function.variables[0].second, "1");
    EXPECT_EQ(function.isolation_mode, contract::isolation::no_container);
    EXPECT_EQ(function.identity.uid, 5);
    EXPECT_EQ(function.identity.gid, std::nullopt);
}

TEST_F(deployments, the_signature_is_by_the_services_key) {
    const auto made = find_deployment(*state_, text(deploy(make_core_group()), "DeploymentId"));
    ASSERT_TRUE(made && *made && (*made)->signed_manifest);
    const auto read = contract::parse_signed_manifest(*(*made)->signed_manifest);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->key_id, signer_.key_id());
    EXPECT_TRUE(
        pki::verify_ed25519(signer_.public_key_pem(), read->manifest_text, read->signature));
}

TEST_F(deployments, every_fault_of_a_group_is_named) {
    const auto message = failure_of(make_full_group());
    EXPECT_THAT(
        message,
        StartsWith("We cannot deploy because the group definition is invalid or corrupted"));
    EXPECT_THAT(message, HasSubstr("Device 'lamp': thing 'lamp' does not exist"));
    EXPECT_THAT(message, HasSubstr("Function 'f' has no alias 'live'"));
    EXPECT_THAT(message, HasSubstr("Subscription 's': Target"));
}

TEST_F(deployments, a_failed_build_leaves_what_was_in_force) {
    register_full_group();
    const auto group = make_full_group();
    deploy(group);
    const auto before = members_of(group);
    EXPECT_EQ(before.size(), 2U);
    write("DELETE FROM function_aliases");
    failure_of(group);
    EXPECT_EQ(members_of(group), before);
}

TEST_F(deployments, a_device_whose_certificate_is_detached_fails_the_deployment) {
    register_full_group();
    write("DELETE FROM thing_certificates WHERE thing = 'lamp'");
    EXPECT_THAT(failure_of(make_full_group()), HasSubstr("is not attached to thing 'lamp'"));
}

TEST_F(deployments,
       a_device_whose_certificate_is_not_active_is_left_out_and_its_subscriptions_stay) {
    register_full_group();
    for (const auto* status : {"INACTIVE", "REVOKED", "PENDING_ACTIVATION"}) {
        write(
            "UPDATE certificates SET status = ?1 WHERE id ="
            " (SELECT certificate_id FROM thing_certificates WHERE thing = 'lamp')",
            {status});
        const auto made = manifest(deploy(make_full_group()));
        EXPECT_TRUE(made.devices.empty()) << status;
        EXPECT_EQ(made.subscriptions.size(), 1U) << status;
    }
}

TEST_F(deployments, an_alias_of_latest_fails_the_deployment) {
    register_full_group();
    write("UPDATE function_aliases SET version = '$LATEST'");
    EXPECT_THAT(failure_of(make_full_group()), HasSubstr("leads to $LATEST"));
}

TEST_F(deployments, a_resource_that_is_not_in_the_group_fails_the_deployment) {
    register_full_group();
    const json::object environment{
        {"ResourceAccessPolicies", one({{"ResourceId", "disk"}, {"Permission", "ro"}})}};
    EXPECT_THAT(failure_of(make_full_group({{"Environment", environment}})),
                HasSubstr("refers to resource 'disk'"));
}

TEST_F(deployments, a_deleted_definition_fails_the_deployment) {
    register_full_group();
    const auto group = make_full_group();
    const auto listed = list_of("ListDeviceDefinitions");
    output_of("DeleteDeviceDefinition",
              {{"DeviceDefinitionId", text(listed.at("Definitions").at(0).as_object(), "Id")}});
    EXPECT_THAT(failure_of(group), HasSubstr("was deleted"));
}

TEST_F(deployments, system_functions_need_no_package) {
    register_member("core", 'c');
    constexpr std::string_view detector = "arn:aws:lambda:::function:GGIPDetector:1";
    const auto group = make_group(
        {{"CoreDefinitionVersionArn", define("Core", "Cores", one(member("core", 'c')))},
         {"FunctionDefinitionVersionArn",
          define("Function", "Functions", one({{"Id", "d"}, {"FunctionArn", detector}}))}});
    const auto made = manifest(deploy(group));
    ASSERT_EQ(made.functions.size(), 1U);
    EXPECT_EQ(made.functions[0].arn, detector);
    EXPECT_EQ(made.functions[0].artifact, "");
}

TEST_F(deployments, an_unregistered_core_fails_its_deployment_when_the_grace_is_over) {
    const auto group = make_core_group();
    const auto made = deploy(group);
    EXPECT_EQ(text(status_of(group, made), "DeploymentStatus"), "InProgress");
    clock_.now_ += services_->registration_grace + std::chrono::milliseconds(1);
    const auto status = status_of(group, made);
    EXPECT_EQ(text(status, "DeploymentStatus"), "Failure");
    EXPECT_THAT(text(status, "ErrorMessage"), HasSubstr("thing 'core' does not exist"));
    EXPECT_TRUE(members_of(group).empty());
}

TEST_F(deployments, a_core_that_is_registered_may_take_its_time) {
    const auto group = make_core_group();
    const auto made = deploy(group);
    register_member("core", 'c');
    clock_.now_ += std::chrono::hours(24);
    EXPECT_EQ(text(status_of(group, made), "DeploymentStatus"), "InProgress");
}

TEST_F(deployments, a_later_deployment_supersedes_one_that_no_core_took) {
    const auto group = make_core_group();
    const auto first = deploy(group);
    const auto second = deploy(group);
    const auto status = status_of(group, first);
    EXPECT_EQ(text(status, "DeploymentStatus"), "Failure");
    EXPECT_THAT(text(status, "ErrorMessage"),
                StartsWith("Superseded by deployment " + text(second, "DeploymentId")));
    EXPECT_EQ(text(status_of(group, second), "DeploymentStatus"), "InProgress");
}

TEST_F(deployments, a_core_that_moves_to_another_group_leaves_the_first) {
    const auto first = make_core_group();
    const auto second = make_core_group();
    deploy(first);
    deploy(second);
    EXPECT_TRUE(members_of(first).empty());
    EXPECT_EQ(members_of(second), std::vector<std::string>{"core core"});
}

TEST_F(deployments, a_group_without_a_core_is_refused_in_v1s_words) {
    const auto group = output_of("CreateGroup", {{"Name", "g"}});
    EXPECT_REFUSED(run("CreateDeployment", request(group, "NewDeployment")), 400,
                   "MissingCoreException",
                   R"({"ErrorDetails":[{"DetailedErrorCode":"GG-303","DetailedErrorMessage":)"
                   R"("You need a Greengrass Core in this Group before you can deploy."}]})");
}

TEST_F(deployments, requests_that_cannot_be_are_refused_in_v1s_words) {
    const auto group = make_core_group();
    EXPECT_REFUSED(run("CreateDeployment", request(group, "Nonsense")), 400,
                   "InvalidInputException",
                   "That deployment type is not valid.  Please specify one of the following types: "
                   "{NewDeployment,Redeployment,ResetDeployment,ForceResetDeployment}.");
    auto elsewhere = request(group, "NewDeployment");
    elsewhere["GroupId"] = unknown_id;
    EXPECT_REFUSED(run("CreateDeployment", elsewhere), 404, "ResourceNotFoundException",
                   "That group definition does not exist.");
    auto other_version = request(group, "NewDeployment");
    other_version["GroupVersionId"] = unknown_id;
    EXPECT_REFUSED(run("CreateDeployment", other_version), 404, "ResourceNotFoundException",
                   "Version " + std::string(unknown_id) + " of Group Definition " +
                       text(group, "Id") + " does not exist.");
    auto again = request(group, "Redeployment");
    EXPECT_REFUSED(run("CreateDeployment", again), 400, "InvalidInputException",
                   "Your request is missing the following required parameter(s): {DeploymentId}.");
    again["DeploymentId"] = unknown_id;
    EXPECT_REFUSED(run("CreateDeployment", again), 400, "InvalidInputException",
                   "Deployment ID '" + std::string(unknown_id) + "' is invalid.");
    EXPECT_REFUSED(
        run("GetDeploymentStatus", {{"GroupId", text(group, "Id")}, {"DeploymentId", unknown_id}}),
        400, "InvalidInputException",
        "Deployment '" + std::string(unknown_id) + "' does not exist.");
}

TEST_F(deployments, a_redeployment_takes_the_version_of_the_former_one) {
    const auto group = make_core_group();
    const auto first = deploy(group);
    output_of("CreateGroupVersion", {{"GroupId", text(group, "Id")}});
    const auto again = output_of("CreateDeployment", {{"GroupId", text(group, "Id")},
                                                      {"DeploymentId", first.at("DeploymentId")},
                                                      {"DeploymentType", "Redeployment"}});
    const auto made = manifest(again);
    EXPECT_EQ(made.type, contract::deployment_type::redeployment);
    EXPECT_EQ(made.group_version_arn, text(group, "LatestVersionArn"));
}

TEST_F(deployments, deployments_are_listed_newest_first) {
    const auto group = make_core_group();
    deploy(group);
    output_of("ResetDeployments", {{"GroupId", text(group, "Id")}});
    const auto listed = output_of("ListDeployments", {{"GroupId", text(group, "Id")}});
    const auto& items = listed.at("Deployments").as_array();
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(text(items[0].as_object(), "DeploymentType"), "ResetDeployment");
    EXPECT_EQ(text(items[0].as_object(), "GroupArn"), text(group, "Arn"));
    EXPECT_EQ(text(items[1].as_object(), "GroupArn"), text(group, "LatestVersionArn"));
    EXPECT_EQ(text(items[1].as_object(), "CreatedAt"), "2026-11-23T19:30:00.000Z");
}

TEST_F(deployments, a_reset_empties_the_group_and_waits_for_the_core) {
    register_full_group();
    const auto group = make_full_group();
    deploy(group);
    const auto reset = output_of("ResetDeployments", {{"GroupId", text(group, "Id")}});
    EXPECT_EQ(text(status_of(group, reset), "DeploymentStatus"), "InProgress");
    EXPECT_TRUE(members_of(group).empty());
    const auto made = manifest(reset);
    EXPECT_TRUE(made.is_reset());
    EXPECT_TRUE(made.functions.empty());
    EXPECT_EQ(made.core.thing_name(), "core");
}

TEST_F(deployments, a_group_is_reset_once) {
    const auto group = make_core_group();
    const json::object id{{"GroupId", text(group, "Id")}};
    const auto text_of_none =
        "Group id: " + text(group, "Id") + " has not been deployed or has already been reset.";
    EXPECT_REFUSED(run("ResetDeployments", id), 404, "ResourceNotFoundException", text_of_none);
    deploy(group);
    EXPECT_TRUE(run("ResetDeployments", id));
    EXPECT_REFUSED(run("ResetDeployments", id), 404, "ResourceNotFoundException", text_of_none);
    EXPECT_REFUSED(run("ResetDeployments", {{"GroupId", unknown_id}}), 404,
                   "ResourceNotFoundException", "That Group Definition does not exist.");
}

TEST_F(deployments, a_forced_reset_succeeds_at_once_even_if_nothing_was_deployed) {
    const auto group = make_core_group();
    const json::object input{{"GroupId", text(group, "Id")}, {"Force", true}};
    const auto first = output_of("ResetDeployments", input);
    EXPECT_EQ(text(status_of(group, first), "DeploymentStatus"), "Success");
    deploy(group);
    const auto second = output_of("ResetDeployments", input);
    EXPECT_EQ(text(status_of(group, second), "DeploymentStatus"), "Success");
    EXPECT_EQ(manifest(second).type, contract::deployment_type::force_reset);
}

TEST_F(deployments, the_groups_tag_says_who_issues_its_credentials) {
    register_member("core", 'c');
    const auto group = make_core_group();
    EXPECT_EQ(manifest(deploy(group)).credentials, contract::credential_setting());
    const auto deploy_with = [&](std::string_view tag) {
        output_of("TagResource", {{"ResourceArn", text(group, "Arn")},
                                  {"tags", {{std::string(contract::credentials_tag), tag}}}});
        return deploy(group);
    };
    EXPECT_EQ(to_string(manifest(deploy_with("role-alias:h:444/a")).credentials),
              "role-alias:h:444/a");
    EXPECT_THAT(text(status_of(group, deploy_with("role-alias:h")), "ErrorMessage"),
                HasSubstr("evergrass:credentials: 'role-alias:h' has no '/'"));
    EXPECT_THAT(text(status_of(group, deploy_with("sts")), "ErrorMessage"),
                HasSubstr("--aws-credentials FILE"));
    ASSERT_TRUE(write_file_atomically(directory_ + "/aws",
                                      "[default]\naws_access_key_id=A\naws_secret_access_key=S\n"));
    const auto sts = greengrass::upstream_sts::make(
        {{directory_ + "/aws", "--aws-credentials", {}}, "us-east-1", "", ""});
    ASSERT_TRUE(sts) << sts.error().message();
    services_->sts = &*sts;
    EXPECT_EQ(to_string(manifest(deploy_with("sts")).credentials), "sts");
}

TEST_F(deployments, a_wrong_setting_of_the_cores_own_authority_fails_the_deployment) {
    register_member("core", 'c');
    const auto group = make_core_group();
    output_of("TagResource", {{"ResourceArn", text(group, "Arn")},
                              {"tags", {{"evergrass:local-authority", "for ever"}}}});
    EXPECT_THAT(text(status_of(group, deploy(group)), "ErrorMessage"),
                HasSubstr("evergrass:local-authority: it is neither 'none' nor a number of days"));
}

TEST_F(deployments, the_manifest_says_how_long_server_certificates_last) {
    register_member("core", 'c');
    const auto group = make_core_group();
    output_of("UpdateGroupCertificateConfiguration",
              {{"GroupId", text(group, "Id")}, {"CertificateExpiryInMilliseconds", "2592000000"}});
    EXPECT_EQ(manifest(deploy(group)).certificate_expiry_ms, 2'592'000'000);
}

}  // namespace
}  // namespace evergrass::cloud
