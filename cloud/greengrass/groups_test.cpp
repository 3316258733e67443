#include "cloud/greengrass/greengrass_fixture.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::StartsWith;

constexpr std::string_view unknown_id = "7b0bdeae-54c7-47cf-9f93-561e672efd9c";

class groups : public greengrass_fixture {};

TEST_F(groups, a_group_has_a_version_and_a_certificate_authority_from_the_start) {
    const auto made = output_of("CreateGroup", {{"Name", "g"}});
    EXPECT_EQ(text(made, "Arn"),
              "arn:aws:greengrass:us-east-1:123456789012:/greengrass/groups/" + text(made, "Id"));
    EXPECT_EQ(text(made, "LatestVersionArn"),
              text(made, "Arn") + "/versions/" + text(made, "LatestVersion"));
    const auto listed =
        output_of("ListGroupCertificateAuthorities", {{"GroupId", text(made, "Id")}});
    const auto& authorities = listed.at("GroupCertificateAuthorities").as_array();
    ASSERT_EQ(authorities.size(), 1U);
    const auto got = output_of("GetGroupCertificateAuthority",
                               {{"GroupId", text(made, "Id")},
                                {"CertificateAuthorityId",
                                 text(authorities[0].as_object(), "GroupCertificateAuthorityId")}});
    const auto info = pki::read_certificate(text(got, "PemEncodedCertificate"));
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->is_ca);
}

TEST_F(groups, a_rotated_authority_comes_first_and_the_former_stays) {
    const auto made = output_of("CreateGroup", {{"Name", "g"}});
    clock_.now_ += std::chrono::seconds(1);
    const auto rotated =
        output_of("CreateGroupCertificateAuthority", {{"GroupId", text(made, "Id")}});
    const auto listed =
        output_of("ListGroupCertificateAuthorities", {{"GroupId", text(made, "Id")}});
    const auto& authorities = listed.at("GroupCertificateAuthorities").as_array();
    ASSERT_EQ(authorities.size(), 2U);
    EXPECT_EQ(text(authorities[0].as_object(), "GroupCertificateAuthorityArn"),
              text(rotated, "GroupCertificateAuthorityArn"));
}

TEST_F(groups, certificates_last_from_7_to_30_days) {
    const auto id = text(output_of("CreateGroup", {{"Name", "g"}}), "Id");
    const auto before = output_of("GetGroupCertificateConfiguration", {{"GroupId", id}});
    EXPECT_EQ(text(before, "CertificateExpiryInMilliseconds"), "604800000");
    EXPECT_EQ(text(before, "CertificateAuthorityExpiryInMilliseconds"), "2524607999000");
    EXPECT_FALSE(run("UpdateGroupCertificateConfiguration",
                     {{"GroupId", id}, {"CertificateExpiryInMilliseconds", "604799999"}}));
    output_of("UpdateGroupCertificateConfiguration",
              {{"GroupId", id}, {"CertificateExpiryInMilliseconds", "2592000000"}});
    const auto after = output_of("GetGroupCertificateConfiguration", {{"GroupId", id}});
    EXPECT_EQ(text(after, "CertificateExpiryInMilliseconds"), "2592000000");
}

TEST_F(groups, what_does_not_exist_is_answered_in_v1s_words) {
    const json::object id{{"GroupId", unknown_id}, {"Name", "n"}};
    EXPECT_REFUSED(run("GetGroup", id), 404, "IdNotFoundException",
                   "That Group Definition does not exist.");
    EXPECT_REFUSED(run("DeleteGroup", id), 404, "IdNotFoundException",
                   "That group definition does not exist.");
    EXPECT_REFUSED(run("ListGroupVersions", id), 404, "IdNotFoundException",
                   "That group definition does not exist.");
    EXPECT_REFUSED(run("CreateGroupVersion", id), 404, "IdNotFoundException",
                   "That group does not exist.");
    const auto group = text(output_of("CreateGroup", {{"Name", "g"}}), "Id");
    EXPECT_REFUSED(run("GetGroupVersion", {{"GroupId", group}, {"GroupVersionId", "v"}}), 404,
                   "VersionNotFoundException",
                   "Version v of Group Definition " + group + " does not exist.");
}

TEST_F(groups, a_version_refers_to_what_exists_only) {
    EXPECT_REFUSED(
        run("CreateGroup",
            {{"Name", "g"},
             {"InitialVersion",
              json::object{{"SubscriptionDefinitionVersionArn", "123"},
                           {"DeviceDefinitionVersionArn", "123"},
                           {"ResourceDefinitionVersionArn", "123"},
                           {"FunctionDefinitionVersionArn", "123"},
                           {"CoreDefinitionVersionArn",
                            "arn:aws:greengrass:us-east-1:123456789012:/greengrass/definition/"
                            "cores/fc3b3e5b/versions/dd0f800c"}}}}),
        400, "",
        "The group is invalid or corrupted. (ErrorDetails: [Cores definition reference does not "
        "exist, Lambda definition reference does not exist, Resource definition reference does not "
        "exist, Devices definition reference does not exist, Subscription definition reference "
        "does not exist])");
}

TEST_F(groups, a_version_comes_back_as_it_was_sent) {
    const auto group = make_core_group();
    const auto got = output_of(
        "GetGroupVersion",
        {{"GroupId", text(group, "Id")}, {"GroupVersionId", text(group, "LatestVersion")}});
    EXPECT_EQ(got.at("Definition").as_object().size(), 1U);
    EXPECT_THAT(text(got.at("Definition").as_object(), "CoreDefinitionVersionArn"),
                StartsWith("arn:aws:greengrass:"));
}

TEST_F(groups, a_deployed_group_is_deleted_only_after_a_reset) {
    const auto group = make_core_group();
    deploy(group);
    const json::object id{{"GroupId", text(group, "Id")}};
    EXPECT_FALSE(run("DeleteGroup", id));
    output_of("ResetDeployments", {{"GroupId", text(group, "Id")}, {"Force", true}});
    EXPECT_TRUE(run("DeleteGroup", id));
    EXPECT_FALSE(run("GetGroup", id));
}

TEST_F(groups, a_role_is_kept_for_a_group_that_need_not_exist) {
    const json::object id{{"GroupId", unknown_id}};
    EXPECT_REFUSED(run("GetAssociatedRole", id), 404, "",
                   "You need to attach an IAM role to this deployment group.");
    const auto at = output_of("AssociateRoleToGroup",
                              {{"GroupId", unknown_id}, {"RoleArn", "arn:aws:iam::1:role/r"}});
    EXPECT_EQ(text(at, "AssociatedAt"), "2026-11-23T19:30:00.000Z");
    EXPECT_EQ(text(output_of("GetAssociatedRole", id), "RoleArn"), "arn:aws:iam::1:role/r");
    EXPECT_TRUE(output_of("DisassociateRoleFromGroup", id).contains("DisassociatedAt"));
    EXPECT_TRUE(output_of("DisassociateRoleFromGroup", id).contains("DisassociatedAt"));
    EXPECT_FALSE(run("GetAssociatedRole", id));
}

TEST_F(groups, the_account_has_one_service_role) {
    EXPECT_FALSE(run("GetServiceRoleForAccount"));
    output_of("AssociateServiceRoleToAccount", {{"RoleArn", "arn:aws:iam::1:role/s"}});
    EXPECT_EQ(text(output_of("GetServiceRoleForAccount"), "RoleArn"), "arn:aws:iam::1:role/s");
    output_of("DisassociateServiceRoleFromAccount");
    EXPECT_FALSE(run("GetServiceRoleForAccount"));
}

TEST_F(groups, connectivity_is_replaced_whole) {
    const json::object thing{{"ThingName", "core"}};
    EXPECT_EQ(output_of("GetConnectivityInfo", thing).at("ConnectivityInfo"),
              json::value(json::array()));
    const json::object entry{
        {"Id", "a"}, {"HostAddress", "10.0.0.1"}, {"PortNumber", 8883}, {"Metadata", "m"}};
    json::array entries;
    entries.emplace_back(entry);
    const auto first =
        output_of("UpdateConnectivityInfo", {{"ThingName", "core"}, {"ConnectivityInfo", entries}});
    EXPECT_EQ(output_of("GetConnectivityInfo", thing).at("ConnectivityInfo"), json::value(entries));
    const auto second = output_of("UpdateConnectivityInfo",
                                  {{"ThingName", "core"}, {"ConnectivityInfo", json::array()}});
    EXPECT_NE(text(first, "Version"), text(second, "Version"));
    EXPECT_EQ(output_of("GetConnectivityInfo", thing).at("ConnectivityInfo"),
              json::value(json::array()));
}

TEST_F(groups, connectivity_with_an_impossible_port_is_refused) {
    json::array entries;
    entries.emplace_back(json::object{{"HostAddress", "h"}, {"PortNumber", 70000}});
    EXPECT_REFUSED(
        run("UpdateConnectivityInfo", {{"ThingName", "core"}, {"ConnectivityInfo", entries}}), 400,
        "BadRequestException",
        "ConnectivityInfo of core: entry 0: PortNumber must be a number from 0 to 65535");
}

}  // namespace
}  // namespace evergrass::cloud
