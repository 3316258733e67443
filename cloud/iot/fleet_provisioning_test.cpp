#include "cloud/iot/fleet_provisioning.hpp"

#include "cloud/iot/provisioning_records.hpp"
#include "cloud/iot/registry_fixture.hpp"
#include "libs/cbor/cbor.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using iot::fleet_operation;
using testing::HasSubstr;

constexpr const char* pump_template = R"({
  "Parameters": {"Serial": {"Type": "String"}},
  "Resources": {
    "thing": {"Type": "AWS::IoT::Thing", "Properties": {
      "ThingName": {"Fn::Join": ["", ["pump-", {"Ref": "Serial"}]]},
      "AttributePayload": {"serial": {"Ref": "Serial"}}, "ThingGroups": ["pumps"]}},
    "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
      "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}},
    "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {
      "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Connect",
        "Resource": "arn:aws:iot:us-east-1:123456789012:client/*"}]}}}},
  "DeviceConfiguration": {"serial": {"Ref": "Serial"}}})";

class fleet : public iot_registry {
protected:
    fleet() {
        ok("CreateThingGroup", {{"thingGroupName", "pumps"}});
        make_template(true);
    }

    void make_template(bool enabled) {
        ok("CreateProvisioningTemplate",
           {{"templateName", "pump"},
            {"templateBody", pump_template},
            {"provisioningRoleArn", "arn:aws:iam::123456789012:role/r"},
            {"enabled", enabled}});
    }
    api_result ask(fleet_operation what, const json::object& payload) {
        return service_.answer_now({what, what == fleet_operation::provision ? "pump" : ""},
                                   json::serialize(payload));
    }
    json::object new_certificate() {
        const auto done = ask(fleet_operation::create_keys, {});
        EXPECT_TRUE(done) << (done ? "" : done.error().message);
        return done ? done->output : json::object();
    }
    api_result provision(const json::object& certificate, const std::string& serial) {
        return ask(fleet_operation::provision,
                   {{"certificateOwnershipToken", certificate.at("certificateOwnershipToken")},
                    {"parameters", json::object{{"Serial", serial}}}});
    }
    static std::string id_of_new(const json::object& certificate) {
        return std::string(certificate.at("certificateId").as_string());
    }

    void deliver(const std::string& topic, const std::string& payload, const std::string& client) {
        mqtt::publish_view view;
        view.topic = topic;
        view.payload = payload;
        service_.deliver(mqtt::publication(view, client, clock_.now()), nullptr);
    }

    struct said {
        std::string topic;
        std::string payload;
        std::string to;
    };
    std::vector<said> said_;  // whole after service_.stop()
    fleet_provisioning service_{
        registry_,
        [this](std::string topic, std::string payload, const mqtt::receipt&, std::string_view to) {
            said_.push_back({std::move(topic), std::move(payload), std::string(to)});
        },
        logger()};
};

TEST_F(fleet, a_device_gets_its_thing_certificate_policy_and_configuration) {
    const auto certificate = new_certificate();
    const auto id = id_of_new(certificate);
    EXPECT_TRUE(pki::matches(std::string(certificate.at("certificatePem").as_string()),
                             std::string(certificate.at("privateKey").as_string()))
                    .value());
    EXPECT_FALSE(authority_.is_active(id)) << "nobody has provisioned with it yet";
    const auto done = provision(certificate, "7");
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(json::serialize(done->output),
              R"({"deviceConfiguration":{"serial":"7"},"thingName":"pump-7"})");
    EXPECT_TRUE(authority_.is_active(id));
    EXPECT_TRUE(authority_.is_attached(id, "pump-7"));
    EXPECT_TRUE(authority_.allows(id, "iot:Connect", identity_.iot_arn("client/pump-7"), "pump-7"));
    const auto thing = ok("DescribeThing", {{"thingName", "pump-7"}});
    EXPECT_EQ(json::serialize(thing.at("attributes")), R"({"serial":"7"})");
    const auto groups = ok("ListThingGroupsForThing", {{"thingName", "pump-7"}});
    EXPECT_THAT(json::serialize(groups), HasSubstr("pumps"));
}

// Cores whose groups have the certificate look again (registry_changes::on_certificate_changed).
TEST_F(fleet, whose_certificate_was_activated_is_told_after_it_is_in_force) {
    std::vector<std::string> told;
    changes_.on_certificate_changed = [&](const std::string& id) {
        if (authority_.is_active(id)) {
            told.push_back(id);
        }
    };
    const auto first = new_certificate();
    EXPECT_TRUE(told.empty());
    ASSERT_TRUE(provision(first, "7"));
    EXPECT_EQ(told, std::vector<std::string>{id_of_new(first)});
    ASSERT_TRUE(provision(first, "7")) << "asked again";
    EXPECT_EQ(told.size(), 1U);

    const auto second = id_of(certificate());
    ok("UpdateCertificate", {{"certificateId", second}, {"newStatus", "INACTIVE"}});
    told.clear();
    ok("RegisterThing",
       {{"templateBody",
         R"({"Resources":{"certificate":{"Type":"AWS::IoT::Certificate","Properties":{
              "CertificateId":")" +
             second + R"(","Status":"ACTIVE"}}}})"}});
    EXPECT_EQ(told, std::vector<std::string>{second});
    EXPECT_NE(code("RegisterThing", {{"templateBody", R"({"Resources":{"certificate":{
        "Type":"AWS::IoT::Certificate","Properties":{"CertificateId":"0"}}}})"}}),
              "success");
    EXPECT_EQ(told.size(), 1U);
}

TEST_F(fleet, a_device_that_missed_the_answer_gets_it_again_and_nothing_is_made_anew) {
    const auto certificate = new_certificate();
    const auto first = provision(certificate, "7").value();
    ok("UpdateCertificate", {{"certificateId", id_of_new(certificate)}, {"newStatus", "INACTIVE"}});
    EXPECT_EQ(provision(certificate, "8").value().output, first.output);
    EXPECT_FALSE(authority_.is_active(id_of_new(certificate))) << "the owner has turned it off";
    EXPECT_EQ(code("DescribeThing", {{"thingName", "pump-8"}}), "ResourceNotFoundException");
}

TEST_F(fleet, a_refused_request_leaves_nothing_behind) {
    const auto certificate = new_certificate();
    ok("DeleteThingGroup", {{"thingGroupName", "pumps"}});
    const auto done = provision(certificate, "7");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, "ResourceRegistrationFailureException");
    EXPECT_EQ(code("DescribeThing", {{"thingName", "pump-7"}}), "ResourceNotFoundException");
    ok("CreateThingGroup", {{"thingGroupName", "pumps"}});
    EXPECT_TRUE(provision(certificate, "7")) << "the token still counts";
}

TEST_F(fleet, tokens_count_for_an_hour_and_unused_certificates_go_with_them) {
    const auto certificate = new_certificate();
    clock_.ahead = std::chrono::minutes(59);
    EXPECT_EQ(
        ask(fleet_operation::provision, {{"certificateOwnershipToken", "guess"}}).error().code,
        "InvalidCertificateOwnershipToken");
    clock_.ahead = std::chrono::minutes(61);
    EXPECT_EQ(provision(certificate, "7").error().code, "InvalidCertificateOwnershipToken");
    new_certificate();
    EXPECT_EQ(code("DescribeCertificate", {{"certificateId", id_of_new(certificate)}}),
              "ResourceNotFoundException");
}

TEST_F(fleet, a_provisioned_certificate_outlives_its_token) {
    const auto certificate = new_certificate();
    ASSERT_TRUE(provision(certificate, "7"));
    clock_.ahead = std::chrono::hours(2);
    new_certificate();
    EXPECT_EQ(code("DescribeCertificate", {{"certificateId", id_of_new(certificate)}}), "success");
}

TEST_F(fleet, a_template_that_is_off_or_gone_provisions_nobody) {
    const auto certificate = new_certificate();
    ok("UpdateProvisioningTemplate", {{"templateName", "pump"}, {"enabled", false}});
    EXPECT_EQ(provision(certificate, "7").error().status, 403);
    ok("DeleteProvisioningTemplate", {{"templateName", "pump"}});
    EXPECT_EQ(provision(certificate, "7").error().status, 404);
    make_template(true);
    EXPECT_TRUE(provision(certificate, "7"));
}

TEST_F(fleet, a_missing_parameter_and_a_bad_payload_are_said) {
    const auto certificate = new_certificate();
    const auto missing =
        ask(fleet_operation::provision,
            {{"certificateOwnershipToken", certificate.at("certificateOwnershipToken")}});
    EXPECT_EQ(missing.error().code, "InvalidParameters");
    EXPECT_THAT(missing.error().message, HasSubstr("Serial"));
    EXPECT_EQ(service_.answer_now({fleet_operation::provision, "pump"}, "[1").error().code,
              "InvalidPayload");
    EXPECT_EQ(ask(fleet_operation::create_from_csr, {}).error().code, "InvalidPayload");
    EXPECT_EQ(
        ask(fleet_operation::create_from_csr, {{"certificateSigningRequest", "no"}}).error().code,
        "InvalidCertificateSigningRequest");
}

TEST_F(fleet, the_thing_of_another_device_is_not_changed_unless_the_template_says_so) {
    ok("CreateThing",
       {{"thingName", "pump-7"}, {"attributePayload", {{"attributes", {{"serial", "other"}}}}}});
    const auto done = provision(new_certificate(), "7");
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("exists already with another set of attributes"));
}

TEST_F(fleet, a_claim_provisions_by_its_template_alone_and_for_five_minutes) {
    const auto claim = ok("CreateProvisioningClaim", {{"templateName", "pump"}});
    const auto id = id_of_new(claim);
    const auto may = [&](const std::string& action, const std::string& resource) {
        return authority_.allows(id, action, identity_.iot_arn(resource), "any");
    };
    EXPECT_TRUE(authority_.is_active(id));
    EXPECT_TRUE(may("iot:Connect", "client/any"));
    EXPECT_TRUE(may("iot:Publish", "topic/$aws/certificates/create/json"));
    EXPECT_TRUE(may("iot:Publish", "topic/$aws/provisioning-templates/pump/provision/json"));
    EXPECT_FALSE(may("iot:Publish", "topic/$aws/provisioning-templates/other/provision/json"));
    EXPECT_FALSE(may("iot:Publish", "topic/a"));
    EXPECT_FALSE(may("greengrass:Discover", "thing/any"));
    EXPECT_TRUE(ok("ListCertificates", {}).at("certificates").as_array().empty());
    const auto past = iot::now_milliseconds(registry_) - 1;
    ASSERT_TRUE(state_->db().run("test.end_claim", "UPDATE provisioning_claims SET expires_at = ?1",
                                 {past}));
    changes_.changed();
    EXPECT_FALSE(authority_.is_active(id));
    EXPECT_FALSE(may("iot:Connect", "client/any"));
}

TEST_F(fleet, an_answer_goes_to_the_client_that_asked) {
    deliver("$aws/certificates/create/json", "", "factory-fresh");
    service_.stop();
    ASSERT_EQ(said_.size(), 1u);
    EXPECT_EQ(said_[0].topic, "$aws/certificates/create/json/accepted");
    EXPECT_EQ(said_[0].to, "factory-fresh");
    EXPECT_THAT(said_[0].payload, HasSubstr("privateKey"));
}

TEST_F(fleet, who_asks_in_cbor_is_answered_in_cbor) {
    const auto key = pki::generate_rsa_key();
    const auto csr = pki::make_csr("pump-9", {}, key).value();
    const auto created =
        service_.answer_now({fleet_operation::create_from_csr, "", iot::payload_format::cbor},
                            to_cbor(json::object{{"certificateSigningRequest", csr}}));
    ASSERT_TRUE(created) << created.error().message;
    deliver("$aws/provisioning-templates/pump/provision/cbor",
            to_cbor(json::object{
                {"certificateOwnershipToken", created->output.at("certificateOwnershipToken")},
                {"parameters", json::object{{"Serial", "9"}}}}),
            "c");
    deliver("$aws/provisioning-templates/pump/provision/cbor", "{}", "c");
    service_.stop();
    ASSERT_EQ(said_.size(), 2u);
    EXPECT_EQ(said_[0].topic, "$aws/provisioning-templates/pump/provision/cbor/accepted");
    EXPECT_EQ(parse_cbor(said_[0].payload).value(),
              (json::object{{"deviceConfiguration", json::object{{"serial", "9"}}},
                            {"thingName", "pump-9"}}));
    EXPECT_EQ(said_[1].topic, "$aws/provisioning-templates/pump/provision/cbor/rejected");
    const auto refused = parse_cbor(said_[1].payload).value().get_object();
    EXPECT_EQ(refused.at("statusCode"), 400);
    EXPECT_EQ(refused.at("errorCode"), "InvalidPayload");
    EXPECT_THAT(std::string(refused.at("errorMessage").as_string()), HasSubstr("a CBOR map"));
}

TEST_F(fleet, a_request_of_no_client_is_not_answered_to_everybody) {
    deliver("$aws/certificates/create/json", "", "");
    service_.stop();
    EXPECT_TRUE(said_.empty());
    EXPECT_TRUE(ok("ListCertificates", {}).at("certificates").as_array().empty());
}

TEST_F(fleet, more_than_ten_requests_at_once_are_told_to_come_again) {
    for (int request = 0; request < 15; ++request) {
        deliver("$aws/provisioning-templates/pump/provision/json", "no JSON", "c");
    }
    service_.stop();
    ASSERT_EQ(said_.size(), 15u);
    int throttled = 0;
    for (const auto& each : said_) {
        const auto body = parse_json(each.payload).value();
        EXPECT_EQ(each.topic, "$aws/provisioning-templates/pump/provision/json/rejected");
        throttled += body.at("errorCode") == "Throttling" ? 1 : 0;
    }
    EXPECT_GE(throttled, 1);
    EXPECT_LE(throttled, 5);
    EXPECT_THAT(said_[0].payload, HasSubstr("\"errorCode\":\"InvalidPayload\""));
}

TEST_F(fleet, templates_have_versions) {
    const json::object pump{{"templateName", "pump"}};
    EXPECT_EQ(code("CreateProvisioningTemplate",
                   {{"templateName", "pump"},
                    {"templateBody", pump_template},
                    {"provisioningRoleArn", "arn:aws:iam::123456789012:role/r"}}),
              "ResourceAlreadyExistsException");
    EXPECT_EQ(code("CreateProvisioningTemplate",
                   {{"templateName", "hooked"},
                    {"templateBody", pump_template},
                    {"provisioningRoleArn", "arn:aws:iam::123456789012:role/r"},
                    {"preProvisioningHook", json::object{{"targetArn", "arn"}}}}),
              "InvalidRequestException")
        << "a hook that nobody asks must not look as if it were asked";
    EXPECT_EQ(code("CreateProvisioningTemplateVersion",
                   {{"templateName", "pump"}, {"templateBody", "{}"}}),
              "InvalidRequestException");
    for (int version = 2; version <= 5; ++version) {
        const auto made = ok("CreateProvisioningTemplateVersion", {{"templateName", "pump"},
                                                                   {"templateBody", pump_template},
                                                                   {"setAsDefault", version == 3}});
        EXPECT_EQ(made.at("versionId").as_int64(), version);
    }
    EXPECT_EQ(code("CreateProvisioningTemplateVersion",
                   {{"templateName", "pump"}, {"templateBody", pump_template}}),
              "VersionsLimitExceededException");
    EXPECT_EQ(ok("DescribeProvisioningTemplate", pump).at("defaultVersionId").as_int64(), 3);
    EXPECT_EQ(
        code("DeleteProvisioningTemplateVersion", {{"templateName", "pump"}, {"versionId", 3}}),
        "DeleteConflictException");
    ok("DeleteProvisioningTemplateVersion", {{"templateName", "pump"}, {"versionId", 1}});
    EXPECT_EQ(ok("ListProvisioningTemplateVersions", pump).at("versions").as_array().size(), 4u);
    EXPECT_EQ(
        code("DescribeProvisioningTemplateVersion", {{"templateName", "pump"}, {"versionId", 1}}),
        "ResourceNotFoundException");
    EXPECT_EQ(ok("ListProvisioningTemplates", {}).at("templates").as_array().size(), 1u);
}

TEST_F(fleet, register_thing_makes_all_from_a_csr) {
    const auto key = pki::generate_ec_key();
    const auto csr = pki::make_csr("lamp", {}, key).value();
    constexpr const char* body =
        R"({"Parameters":{"CSR":{"Type":"String"}},"Resources":{
        "thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"lamp"}},
        "certificate":{"Type":"AWS::IoT::Certificate",
          "Properties":{"CertificateSigningRequest":{"Ref":"CSR"}}}}})";
    const auto done =
        ok("RegisterThing", {{"templateBody", body}, {"parameters", json::object{{"CSR", csr}}}});
    EXPECT_TRUE(pki::matches(std::string(done.at("certificatePem").as_string()), key).value());
    const auto& arns = done.at("resourceArns").as_object();
    EXPECT_EQ(arns.at("thing").as_string(), identity_.iot_arn("thing/lamp"));
    EXPECT_TRUE(
        authority_.is_attached(id_of(std::string(arns.at("certificate").as_string())), "lamp"));
    EXPECT_EQ(code("RegisterThing", {{"templateBody", body}}), "InvalidRequestException");
}

TEST(fleet_topics, are_those_of_two_formats_and_of_names_that_a_template_can_have) {
    using iot::parse_fleet_topic;
    for (const auto& [end, format] : {std::pair("json", iot::payload_format::json),
                                      std::pair("cbor", iot::payload_format::cbor)}) {
        const auto parse = [end = end](const std::string& start) {
            return parse_fleet_topic(start + end);
        };
        EXPECT_EQ(parse("$aws/certificates/create/"),
                  (iot::fleet_request{fleet_operation::create_keys, "", format}));
        EXPECT_EQ(parse("$aws/certificates/create-from-csr/"),
                  (iot::fleet_request{fleet_operation::create_from_csr, "", format}));
        EXPECT_EQ(parse("$aws/provisioning-templates/a_B-1/provision/"),
                  (iot::fleet_request{fleet_operation::provision, "a_B-1", format}));
    }
    for (const auto* other :
         {"$aws/certificates/create/xml", "$aws/certificates/createjson", "/json", "/cbor", "",
          "$aws/certificates/create/json/accepted", "$aws/certificates/create/cbor/accepted",
          "$aws/provisioning-templates//provision/json",
          "$aws/provisioning-templates/a/b/provision/json",
          "$aws/provisioning-templates/provision/json",
          "$aws/provisioning-templates/a/provision/json/rejected"}) {
        EXPECT_FALSE(parse_fleet_topic(other)) << other;
    }
}

TEST(request_rate, lets_so_many_through_at_once_and_then_by_time) {
    request_rate rate(2);
    const mono_time now{std::chrono::hours(1)};
    EXPECT_TRUE(rate.take(now));
    EXPECT_TRUE(rate.take(now));
    EXPECT_FALSE(rate.take(now));
    EXPECT_TRUE(rate.take(now + std::chrono::milliseconds(500)));
    EXPECT_FALSE(rate.take(now + std::chrono::milliseconds(500)));
}

}  // namespace
}  // namespace evergrass::cloud
