#include "cloud/iot/registry_fixture.hpp"
#include "libs/base/digest.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

constexpr auto open_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})";

TEST_F(iot_registry, creating_an_equal_thing_again_answers_the_same) {
    const json::object input = {{"thingName", "t"},
                                {"attributePayload", {{"attributes", {{"a", "1"}}}}}};
    const auto first = ok("CreateThing", input);
    EXPECT_EQ(first.at("thingArn").as_string(), "arn:aws:iot:us-east-1:123456789012:thing/t");
    EXPECT_EQ(ok("CreateThing", input), first);
    EXPECT_EQ(code("CreateThing", {{"thingName", "t"}}), "ResourceAlreadyExistsException");
}

TEST_F(iot_registry, attributes_are_replaced_merged_and_removed) {
    ok("CreateThing",
       {{"thingName", "t"}, {"attributePayload", {{"attributes", {{"a", "1"}, {"b", "2"}}}}}});
    ok("UpdateThing",
       {{"thingName", "t"},
        {"attributePayload", {{"attributes", {{"a", ""}, {"c", "3"}}}, {"merge", true}}}});
    auto thing = ok("DescribeThing", {{"thingName", "t"}});
    EXPECT_EQ(thing.at("attributes"), (json::object{{"b", "2"}, {"c", "3"}}));
    EXPECT_EQ(thing.at("version").as_int64(), 2);
    ok("UpdateThing", {{"thingName", "t"}, {"attributePayload", {{"attributes", {{"d", "4"}}}}}});
    thing = ok("DescribeThing", {{"thingName", "t"}});
    EXPECT_EQ(thing.at("attributes"), (json::object{{"d", "4"}}));
    EXPECT_EQ(code("UpdateThing", {{"thingName", "t"}, {"expectedVersion", 1}}),
              "VersionConflictException");
}

TEST_F(iot_registry, deleting_a_thing_needs_its_principals_detached_and_no_thing_is_no_error) {
    const auto arn = certificate();
    ok("CreateThing", {{"thingName", "t"}});
    ok("AttachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    EXPECT_EQ(code("DeleteThing", {{"thingName", "t"}}), "InvalidRequestException");
    ok("DetachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    EXPECT_EQ(code("DetachThingPrincipal", {{"thingName", "t"}, {"principal", arn}}),
              "ResourceNotFoundException");
    ok("DeleteThing", {{"thingName", "t"}});
    ok("DeleteThing", {{"thingName", "t"}});
    EXPECT_EQ(code("DescribeThing", {{"thingName", "t"}}), "ResourceNotFoundException");
}

TEST_F(iot_registry, things_and_principals_are_listed_from_both_sides) {
    const auto arn = certificate();
    for (const auto* name : {"a", "b"}) {
        ok("CreateThing", {{"thingName", name}});
        ok("AttachThingPrincipal", {{"thingName", name}, {"principal", arn}});
    }
    EXPECT_EQ(ok("ListThingPrincipals", {{"thingName", "a"}}).at("principals"), json::array{arn});
    EXPECT_EQ(ok("ListPrincipalThings", {{"principal", arn}}).at("things"),
              (json::array{"a", "b"}));
    EXPECT_EQ(code("ListThingPrincipals", {{"thingName", "c"}}), "ResourceNotFoundException");
}

TEST_F(iot_registry, a_list_is_read_in_pages) {
    for (const auto* name : {"a", "b", "c"}) {
        ok("CreateThing", {{"thingName", name}});
    }
    const auto first = ok("ListThings", {{"maxResults", 2}});
    EXPECT_EQ(first.at("things").as_array().size(), 2u);
    const auto second = ok("ListThings", {{"maxResults", 2}, {"nextToken", first.at("nextToken")}});
    ASSERT_EQ(second.at("things").as_array().size(), 1u);
    EXPECT_EQ(second.at("things").as_array()[0].at("thingName").as_string(), "c");
    EXPECT_FALSE(second.contains("nextToken"));
    EXPECT_EQ(code("ListThings", {{"nextToken", "%"}}), "InvalidRequestException");
}

TEST_F(iot_registry, things_are_found_by_attribute) {
    ok("CreateThing",
       {{"thingName", "a"}, {"attributePayload", {{"attributes", {{"x.y", "long"}}}}}});
    ok("CreateThingType", {{"thingTypeName", "T"}});
    ok("CreateThing", {{"thingName", "b"}, {"thingTypeName", "T"}});
    const auto names = [&](json::object input) {
        std::string found;
        const auto listed = ok("ListThings", std::move(input));
        for (const auto& thing : listed.at("things").as_array()) {
            found += thing.at("thingName").as_string();
        }
        return found;
    };
    EXPECT_EQ(names({{"attributeName", "x.y"}}), "a");
    EXPECT_EQ(names({{"attributeName", "x.y"}, {"attributeValue", "lo"}}), "");
    EXPECT_EQ(names({{"attributeName", "x.y"},
                     {"attributeValue", "lo"},
                     {"usePrefixAttributeValue", true}}),
              "a");
    EXPECT_EQ(names({{"thingTypeName", "T"}}), "b");
}

TEST_F(iot_registry, a_certificate_is_made_for_the_key_it_comes_with_and_known_by_its_digest) {
    const auto made = ok("CreateKeysAndCertificate", {{"setAsActive", true}});
    const std::string pem(made.at("certificatePem").as_string());
    const std::string key(made.at("keyPair").at("PrivateKey").as_string());
    EXPECT_TRUE(pki::matches(pem, key).value());
    const auto info = pki::read_certificate(pem).value();
    EXPECT_EQ(made.at("certificateId").as_string(), info.id);
    EXPECT_EQ(format_iso8601(info.not_after), "2049-12-31T23:59:59.000Z");
    const auto shown = ok("DescribeCertificate", {{"certificateId", info.id}});
    EXPECT_EQ(shown.at("certificateDescription").at("status").as_string(), "ACTIVE");
}

TEST_F(iot_registry, a_csr_gets_a_certificate_for_its_key) {
    const auto key = pki::generate_ec_key();
    const auto csr = pki::make_csr("device-7", {}, key).value();
    const auto made = ok("CreateCertificateFromCsr", {{"certificateSigningRequest", csr}});
    const std::string pem(made.at("certificatePem").as_string());
    EXPECT_TRUE(pki::matches(pem, key).value());
    EXPECT_EQ(pki::read_certificate(pem)->common_name, "device-7");
    EXPECT_EQ(code("CreateCertificateFromCsr", {{"certificateSigningRequest", "x"}}),
              "InvalidRequestException");
}

TEST_F(iot_registry, a_certificate_from_elsewhere_is_registered_once) {
    const auto& pem = issuer().certificate_pem;
    ok("RegisterCertificateWithoutCA", {{"certificatePem", pem}, {"status", "ACTIVE"}});
    EXPECT_EQ(code("RegisterCertificateWithoutCA", {{"certificatePem", pem}}),
              "ResourceAlreadyExistsException");
    EXPECT_EQ(code("RegisterCertificateWithoutCA", {{"certificatePem", "x"}}),
              "CertificateValidationException");
    EXPECT_TRUE(authority_.is_active(pki::read_certificate(pem)->id));
}

TEST_F(iot_registry, a_certificate_is_deleted_only_when_inactive_and_detached) {
    const auto arn = certificate();
    const auto id = id_of(arn);
    ok("CreateThing", {{"thingName", "t"}});
    ok("AttachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", open_policy}});
    ok("AttachPolicy", {{"policyName", "p"}, {"target", arn}});
    EXPECT_EQ(code("DeleteCertificate", {{"certificateId", id}}), "CertificateStateException");
    ok("UpdateCertificate", {{"certificateId", id}, {"newStatus", "INACTIVE"}});
    EXPECT_EQ(code("DeleteCertificate", {{"certificateId", id}, {"forceDelete", true}}),
              "DeleteConflictException");
    ok("DetachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    EXPECT_EQ(code("DeleteCertificate", {{"certificateId", id}}), "DeleteConflictException");
    ok("DeleteCertificate", {{"certificateId", id}, {"forceDelete", true}});
    EXPECT_EQ(code("DescribeCertificate", {{"certificateId", id}}), "ResourceNotFoundException");
    ok("DeletePolicy", {{"policyName", "p"}});
}

TEST_F(iot_registry, a_policy_has_at_most_five_versions_and_its_default_one_stays) {
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", open_policy}});
    EXPECT_EQ(code("CreatePolicy", {{"policyName", "p"}, {"policyDocument", open_policy}}),
              "ResourceAlreadyExistsException");
    EXPECT_EQ(code("CreatePolicy", {{"policyName", "q"}, {"policyDocument", "{}"}}),
              "MalformedPolicyException");
    for (int i = 2; i <= 5; ++i) {
        const auto made =
            ok("CreatePolicyVersion", {{"policyName", "p"}, {"policyDocument", open_policy}});
        EXPECT_EQ(made.at("policyVersionId").as_string(), std::to_string(i));
    }
    EXPECT_EQ(code("CreatePolicyVersion", {{"policyName", "p"}, {"policyDocument", open_policy}}),
              "VersionsLimitExceededException");
    EXPECT_EQ(code("DeletePolicyVersion", {{"policyName", "p"}, {"policyVersionId", "1"}}),
              "InvalidRequestException");
    EXPECT_EQ(code("DeletePolicy", {{"policyName", "p"}}), "DeleteConflictException");
    ok("SetDefaultPolicyVersion", {{"policyName", "p"}, {"policyVersionId", "3"}});
    EXPECT_EQ(ok("GetPolicy", {{"policyName", "p"}}).at("defaultVersionId").as_string(), "3");
    for (const auto* id : {"1", "2", "4", "5"}) {
        ok("DeletePolicyVersion", {{"policyName", "p"}, {"policyVersionId", id}});
    }
    EXPECT_EQ(
        ok("ListPolicyVersions", {{"policyName", "p"}}).at("policyVersions").as_array().size(), 1u);
    ok("DeletePolicy", {{"policyName", "p"}});
}

TEST_F(iot_registry, policies_are_listed_by_the_new_and_by_the_old_operations) {
    const auto arn = certificate();
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", open_policy}});
    ok("AttachPrincipalPolicy", {{"policyName", "p"}, {"principal", arn}});
    for (const auto& listed : {ok("ListAttachedPolicies", {{"target", arn}}),
                               ok("ListPrincipalPolicies", {{"principal", arn}})}) {
        EXPECT_EQ(listed.at("policies").as_array().at(0).at("policyName").as_string(), "p");
    }
    EXPECT_EQ(ok("ListTargetsForPolicy", {{"policyName", "p"}}).at("targets"), json::array{arn});
    EXPECT_EQ(ok("ListPolicyPrincipals", {{"policyName", "p"}}).at("principals"), json::array{arn});
    EXPECT_EQ(code("DeletePolicy", {{"policyName", "p"}}), "DeleteConflictException");
    ok("DetachPolicy", {{"policyName", "p"}, {"target", arn}});
    ok("DeletePolicy", {{"policyName", "p"}});
}

TEST_F(iot_registry, a_principal_of_another_account_or_form_is_refused) {
    ok("CreateThing", {{"thingName", "t"}});
    const auto id = id_of(certificate());
    EXPECT_EQ(
        code("AttachThingPrincipal",
             {{"thingName", "t"}, {"principal", "arn:aws:iot:us-east-1:999999999999:cert/" + id}}),
        "ResourceNotFoundException");
    EXPECT_EQ(code("AttachThingPrincipal", {{"thingName", "t"}, {"principal", "me"}}),
              "InvalidRequestException");
}

TEST_F(iot_registry, endpoints_are_those_of_the_settings) {
    EXPECT_EQ(ok("DescribeEndpoint", {{"endpointType", "iot:Data-ATS"}}).at("endpointAddress"),
              "host:1");
    EXPECT_EQ(ok("DescribeEndpoint", {}).at("endpointAddress"), "host:1");
    EXPECT_EQ(
        ok("DescribeEndpoint", {{"endpointType", "iot:CredentialProvider"}}).at("endpointAddress"),
        "host:2");
    EXPECT_EQ(code("DescribeEndpoint", {{"endpointType", "iot:None"}}), "InvalidRequestException");
}

TEST_F(iot_registry, the_authority_sees_each_change_at_once) {
    const auto arn = certificate();
    const auto id = id_of(arn);
    const auto may = [&] { return authority_.allows(id, "iot:Publish", "arn:x", ""); };
    EXPECT_TRUE(authority_.is_active(id));
    EXPECT_FALSE(may());
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", open_policy}});
    ok("AttachPolicy", {{"policyName", "p"}, {"target", arn}});
    EXPECT_TRUE(may());
    ok("CreatePolicyVersion",
       {{"policyName", "p"},
        {"policyDocument",
         R"({"Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]})"},
        {"setAsDefault", true}});
    EXPECT_FALSE(may());
    ok("SetDefaultPolicyVersion", {{"policyName", "p"}, {"policyVersionId", "1"}});
    EXPECT_TRUE(may());
    ok("UpdateCertificate", {{"certificateId", id}, {"newStatus", "INACTIVE"}});
    EXPECT_FALSE(authority_.is_active(id));
    EXPECT_FALSE(may());
    ok("UpdateCertificate", {{"certificateId", id}, {"newStatus", "ACTIVE"}});
    EXPECT_TRUE(may());
    ok("DetachPolicy", {{"policyName", "p"}, {"target", arn}});
    EXPECT_FALSE(may());
    EXPECT_FALSE(authority_.is_active("unknown"));
}

TEST_F(iot_registry, the_thing_of_a_connection_is_the_attached_one_that_the_client_is_named_after) {
    const auto arn = certificate();
    ok("CreateThing", {{"thingName", "t"}});
    ok("CreateThing", {{"thingName", "other"}});
    ok("AttachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    ok("CreatePolicy",
       {{"policyName", "p"},
        {"policyDocument",
         R"({"Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"arn:${iot:Connection.Thing.ThingName}"}]})"}});
    ok("AttachPolicy", {{"policyName", "p"}, {"target", arn}});
    const auto id = id_of(arn);
    EXPECT_TRUE(authority_.is_attached(id, "t"));
    EXPECT_FALSE(authority_.is_attached(id, "other"));
    EXPECT_TRUE(authority_.allows(id, "iot:Connect", "arn:t", "t"));
    EXPECT_FALSE(authority_.allows(id, "iot:Connect", "arn:other", "other"));
    EXPECT_FALSE(authority_.allows(id, "iot:Connect", "arn:t", ""));
}

TEST_F(iot_registry, a_certificate_that_is_lost_is_told_after_the_change_is_in_force) {
    const auto id = id_of(certificate());
    bool active_when_told = true;
    changes_.on_certificate_lost = [&](const std::string& lost) {
        EXPECT_EQ(lost, id);
        active_when_told = authority_.is_active(lost);
    };
    ok("UpdateCertificate", {{"certificateId", id}, {"newStatus", "REVOKED"}});
    EXPECT_FALSE(active_when_told);
}

TEST_F(iot_registry, whose_certificate_changed_is_told_after_the_change_is_in_force) {
    const auto arn = certificate();
    ok("CreateThing", {{"thingName", "t"}});
    std::vector<std::string> told;
    changes_.on_certificate_changed = [&](const std::string& id) {
        EXPECT_EQ(id, id_of(arn));
        told.push_back(std::string(authority_.is_attached(id, "t") ? "attached" : "detached") +
                       (authority_.is_active(id) ? " active" : " inactive"));
    };
    const json::object both = {{"thingName", "t"}, {"principal", arn}};
    ok("AttachThingPrincipal", both);
    ok("UpdateCertificate", {{"certificateId", id_of(arn)}, {"newStatus", "INACTIVE"}});
    ok("UpdateCertificate", {{"certificateId", id_of(arn)}, {"newStatus", "ACTIVE"}});
    ok("DetachThingPrincipal", both);
    EXPECT_NE(code("DetachThingPrincipal", both), "success");
    EXPECT_THAT(told,
                testing::ElementsAre("attached active", "attached active", "detached active"));
}

// A Deny that cannot be read must not turn into nothing: all that the certificate may is gone.
TEST_F(iot_registry, a_stored_policy_that_is_damaged_denies_everything) {
    const auto arn = certificate();
    const auto may = [&] { return authority_.allows(id_of(arn), "iot:Publish", "arn:x", ""); };
    for (const auto* name : {"sound", "torn"}) {
        ok("CreatePolicy", {{"policyName", name}, {"policyDocument", open_policy}});
        ok("AttachPolicy", {{"policyName", name}, {"target", arn}});
    }
    EXPECT_TRUE(may());
    for (const auto* damage : {"", "{\"Version\":\"2012-10-17\",\"Statement\":[", "{}", "null"}) {
        ASSERT_TRUE(state_->db().run(
            "damage", "UPDATE policy_versions SET document = ?1 WHERE policy = 'torn'", {damage}));
        changes_.changed();
        EXPECT_FALSE(may()) << damage;
    }
}

TEST_F(iot_registry, policies_may_name_what_the_registry_knows_of_the_thing) {
    constexpr auto by_type =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Publish","Resource":
"*:topic/${iot:Connection.Thing.ThingTypeName}/${iot:Connection.Thing.Attributes[line]}"}]})";
    ok("CreateThingType", {{"thingTypeName", "pump"}});
    ok("CreateThing", {{"thingName", "t"},
                       {"thingTypeName", "pump"},
                       {"attributePayload", {{"attributes", {{"line", "7"}}}}}});
    const auto arn = certificate();
    ok("AttachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", by_type}});
    ok("AttachPolicy", {{"policyName", "p"}, {"target", arn}});
    const auto may = [&](std::string_view topic, std::string_view client) {
        return authority_.allows(id_of(arn), "iot:Publish",
                                 "arn:aws:iot:us-east-1:123456789012:topic/" + std::string(topic),
                                 client);
    };
    EXPECT_TRUE(may("pump/7", "t"));
    EXPECT_FALSE(may("pump/8", "t"));
    EXPECT_FALSE(may("pump/7", "u")) << "the client is not that thing";
}

// --- thing groups -------------------------------------------------------------------------------

class iot_thing_groups : public iot_registry {
protected:
    void group(const std::string& name, const std::string& parent = "") {
        json::object input = {{"thingGroupName", name}};
        if (!parent.empty()) {
            input["parentGroupName"] = parent;
        }
        ok("CreateThingGroup", std::move(input));
    }
    void add(const std::string& thing, const std::string& group) {
        ok("AddThingToThingGroup", {{"thingName", thing}, {"thingGroupName", group}});
    }
    json::array things_of(const std::string& group, bool recursive = false) {
        return ok("ListThingsInThingGroup", {{"thingGroupName", group}, {"recursive", recursive}})
            .at("things")
            .as_array();
    }
    std::vector<std::string> groups(json::object input) {
        std::vector<std::string> names;
        const auto listed = ok("ListThingGroups", std::move(input));
        for (const auto& each : listed.at("thingGroups").as_array()) {
            names.emplace_back(each.at("groupName").as_string());
        }
        return names;
    }
};

TEST_F(iot_thing_groups, creating_an_equal_group_again_answers_the_same) {
    group("root");
    const json::object input = {
        {"thingGroupName", "g"},
        {"parentGroupName", "root"},
        {"thingGroupProperties",
         {{"thingGroupDescription", "d"}, {"attributePayload", {{"attributes", {{"a", "1"}}}}}}}};
    const auto first = ok("CreateThingGroup", input);
    EXPECT_EQ(first.at("thingGroupArn").as_string(),
              "arn:aws:iot:us-east-1:123456789012:thinggroup/g");
    EXPECT_EQ(ok("CreateThingGroup", input), first);
    EXPECT_EQ(code("CreateThingGroup", {{"thingGroupName", "g"}}),
              "ResourceAlreadyExistsException");
    EXPECT_EQ(code("CreateThingGroup", {{"thingGroupName", "h"}, {"parentGroupName", "none"}}),
              "ResourceNotFoundException");
    const auto described = ok("DescribeThingGroup", {{"thingGroupName", "g"}});
    EXPECT_EQ(
        described.at("thingGroupMetadata").at("rootToParentThingGroups").at(0).at("groupName"),
        "root");
    EXPECT_EQ(described.at("thingGroupProperties"), input.at("thingGroupProperties"));
}

TEST_F(iot_thing_groups, a_group_is_updated_at_the_version_that_is_expected) {
    group("g");
    const json::object properties = {{"thingGroupDescription", "new"}};
    EXPECT_EQ(
        ok("UpdateThingGroup",
           {{"thingGroupName", "g"}, {"thingGroupProperties", properties}, {"expectedVersion", 1}})
            .at("version"),
        2);
    EXPECT_EQ(code("UpdateThingGroup", {{"thingGroupName", "g"},
                                        {"thingGroupProperties", properties},
                                        {"expectedVersion", 1}}),
              "VersionConflictException");
    EXPECT_EQ(code("DeleteThingGroup", {{"thingGroupName", "g"}, {"expectedVersion", 1}}),
              "VersionConflictException");
    ok("DeleteThingGroup", {{"thingGroupName", "g"}, {"expectedVersion", 2}});
    ok("DeleteThingGroup", {{"thingGroupName", "g"}});
}

TEST_F(iot_thing_groups, groups_make_trees_of_seven_levels) {
    group("1");
    for (int level = 2; level <= 7; ++level) {
        group(std::to_string(level), std::to_string(level - 1));
    }
    EXPECT_EQ(code("CreateThingGroup", {{"thingGroupName", "8"}, {"parentGroupName", "7"}}),
              "InvalidRequestException");
    EXPECT_EQ(code("DeleteThingGroup", {{"thingGroupName", "6"}}), "InvalidRequestException")
        << "it has a child";
    using names = std::vector<std::string>;
    EXPECT_EQ(groups({{"parentGroup", "5"}}), names({"6"}));
    EXPECT_EQ(groups({{"parentGroup", "5"}, {"recursive", true}}), names({"6", "7"}));
    EXPECT_EQ(groups({{"recursive", false}}), names({"1"}));
    EXPECT_EQ(groups({{"namePrefixFilter", "7"}}), names({"7"}));
    EXPECT_EQ(groups({}).size(), 7U);
}

TEST_F(iot_thing_groups, things_come_and_go) {
    group("g");
    group("child", "g");
    for (const auto* name : {"a", "b"}) {
        ok("CreateThing", {{"thingName", name}});
    }
    add("a", "g");
    add("a", "g");
    ok("AddThingToThingGroup",
       {{"thingArn", "arn:aws:iot:us-east-1:123456789012:thing/b"},
        {"thingGroupArn", "arn:aws:iot:us-east-1:123456789012:thinggroup/child"}});
    EXPECT_EQ(things_of("g"), json::array({"a"}));
    EXPECT_EQ(things_of("g", true), json::array({"a", "b"}));
    ok("UpdateThingGroupsForThing", {{"thingName", "a"},
                                     {"thingGroupsToAdd", json::array({"child"})},
                                     {"thingGroupsToRemove", json::array({"g"})}});
    EXPECT_EQ(things_of("child"), json::array({"a", "b"}));
    EXPECT_EQ(code("UpdateThingGroupsForThing", {{"thingName", "a"},
                                                 {"thingGroupsToAdd", json::array({"none"})},
                                                 {"thingGroupsToRemove", json::array({"child"})}}),
              "ResourceNotFoundException");
    EXPECT_EQ(things_of("child"), json::array({"a", "b"})) << "all of it or nothing";
    ok("RemoveThingFromThingGroup", {{"thingName", "a"}, {"thingGroupName", "child"}});
    ok("DeleteThing", {{"thingName", "b"}});
    EXPECT_EQ(things_of("g", true), json::array());
    EXPECT_EQ(code("AddThingToThingGroup", {{"thingName", "a"}}), "InvalidRequestException");
    EXPECT_EQ(code("AddThingToThingGroup", {{"thingName", "none"}, {"thingGroupName", "g"}}),
              "ResourceNotFoundException");
}

TEST_F(iot_thing_groups, a_policy_of_a_group_holds_for_the_certificates_of_its_things) {
    group("root");
    group("g", "root");
    ok("CreateThing", {{"thingName", "t"}});
    const auto arn = certificate();
    ok("AttachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", open_policy}});
    const auto target = std::string("arn:aws:iot:us-east-1:123456789012:thinggroup/root");
    ok("AttachPolicy", {{"policyName", "p"}, {"target", target}});
    const auto may = [&](std::string_view action) {
        return authority_.allows(id_of(arn), action, "arn:aws:iot:us-east-1:123456789012:topic/a",
                                 "");
    };
    EXPECT_FALSE(may("iot:Publish"));
    add("t", "g");
    EXPECT_TRUE(may("iot:Publish")) << "of the group above as well";
    EXPECT_EQ(
        ok("ListAttachedPolicies",
           {{"target", "arn:aws:iot:us-east-1:123456789012:thinggroup/g"}, {"recursive", true}})
            .at("policies")
            .as_array()
            .size(),
        1U);
    ok("RemoveThingFromThingGroup", {{"thingName", "t"}, {"thingGroupName", "g"}});
    EXPECT_FALSE(may("iot:Publish")) << "at once";
    add("t", "g");
    ok("DetachPolicy", {{"policyName", "p"}, {"target", target}});
    EXPECT_FALSE(may("iot:Publish"));
}

TEST_F(iot_thing_groups, greengrass_actions_need_a_policy_of_the_certificate_itself) {
    constexpr auto all =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";
    group("g");
    ok("CreateThing", {{"thingName", "t"}});
    const auto arn = certificate();
    ok("AttachThingPrincipal", {{"thingName", "t"}, {"principal", arn}});
    ok("CreatePolicy", {{"policyName", "p"}, {"policyDocument", all}});
    ok("AttachPolicy",
       {{"policyName", "p"}, {"target", "arn:aws:iot:us-east-1:123456789012:thinggroup/g"}});
    add("t", "g");
    const auto may = [&](std::string_view action) {
        return authority_.allows(id_of(arn), action, "arn:aws:iot:us-east-1:123456789012:thing/t",
                                 "");
    };
    EXPECT_TRUE(may("iot:GetThingShadow"));
    EXPECT_FALSE(may("greengrass:Discover"));
    ok("AttachPolicy", {{"policyName", "p"}, {"target", arn}});
    EXPECT_TRUE(may("greengrass:Discover"));
}

}  // namespace
}  // namespace evergrass::cloud
