#include "cloud/iot/provisioning_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cloud::iot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view full = R"({
  "Parameters": {"Serial": {"Type": "String"}, "Site": {"Type": "String", "Default": "north-7"}},
  "Mappings": {"Urls": {"north": {"url": "https://north"}}},
  "Resources": {
    "thing": {"Type": "AWS::IoT::Thing",
      "Properties": {"ThingName": {"Fn::Join": ["", ["pump_", {"Ref": "Serial"}]]},
        "AttributePayload": {"serial": {"Ref": "Serial"}, "version": "v1"},
        "ThingTypeName": "pump", "ThingGroups": ["all", {"Ref": "Site"}]},
      "OverrideSettings": {"AttributePayload": "MERGE", "ThingTypeName": "REPLACE",
        "ThingGroups": "DO_NOTHING"}},
    "certificate": {"Type": "AWS::IoT::Certificate",
      "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}},
    "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "pumps"}}},
  "DeviceConfiguration": {
    "side": {"Fn::Select": ["0", {"Fn::Split": ["-", {"Ref": "Site"}]}]},
    "url": {"Fn::FindInMap": ["Urls", "north", "url"]},
    "says": {"Fn::Sub": ["${Serial} of ${Where}, not ${!Serial}", {"Where": {"Ref": "Site"}}]},
    "plain": "yes"}
})";

const std::map<std::string, std::string> ours = {{"AWS::IoT::Certificate::Id", "ab12"}};

json::object template_of(std::string_view text) {
    auto parsed = parse_provisioning_template(text);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().context);
    return parsed ? *parsed : json::object();
}

// The error of a DeviceConfiguration with this one value.
std::string why_not(const std::string& value) {
    const auto body = template_of(
        R"({"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}},)"
        R"("DeviceConfiguration":{"v":)" +
        value + "}}");
    const auto plan = plan_provisioning(body, {}, ours);
    return plan ? "it was planned" : plan.error().context;
}

TEST(provisioning_template, resources_and_functions_get_their_values) {
    const auto plan = plan_provisioning(template_of(full), {{"Serial", "42"}}, ours).value();
    ASSERT_TRUE(plan.thing);
    EXPECT_EQ(plan.thing->name, "pump_42");
    EXPECT_EQ(plan.thing->type, "pump");
    EXPECT_THAT(plan.thing->groups, ElementsAre("all", "north-7"));
    EXPECT_EQ(json::serialize(plan.thing->attributes), R"({"serial":"42","version":"v1"})");
    EXPECT_EQ(plan.thing->on_attributes, override_rule::merge);
    EXPECT_EQ(plan.thing->on_type, override_rule::replace);
    EXPECT_EQ(plan.thing->on_groups, override_rule::do_nothing);
    ASSERT_TRUE(plan.certificate);
    EXPECT_EQ(plan.certificate->id, "ab12");
    EXPECT_EQ(plan.certificate->status, "ACTIVE");
    ASSERT_EQ(plan.policies.size(), 1u);
    EXPECT_EQ(plan.policies[0].name, "pumps");
    EXPECT_EQ(json::serialize(plan.device_configuration),
              R"({"side":"north","url":"https://north",)"
              R"("says":"42 of north-7, not ${Serial}","plain":"yes"})");
}

TEST(provisioning_template, a_parameter_without_value_and_default_is_named) {
    const auto plan = plan_provisioning(template_of(full), {}, ours);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().context, "the parameter Serial is missing");
}

TEST(provisioning_template, a_device_cannot_name_the_certificate_of_another) {
    const auto plan = plan_provisioning(
        template_of(full), {{"Serial", "42"}, {"AWS::IoT::Certificate::Id", "evil"}}, ours);
    ASSERT_FALSE(plan);
    EXPECT_THAT(plan.error().context, HasSubstr("not the caller's"));
}

TEST(provisioning_template, a_policy_document_is_an_object_or_a_text) {
    const auto plan = plan_provisioning(template_of(R"({"Resources":{
          "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateSigningRequest":"csr"}},
          "a":{"Type":"AWS::IoT::Policy","Properties":{"PolicyDocument":{"Version":"2012-10-17",
             "Statement":[{"Effect":"Allow","Action":"iot:Connect",
               "Resource":{"Fn::Sub":"arn:${Site}"}}]}}},
          "b":{"Type":"AWS::IoT::Policy","Properties":{"PolicyDocument":"{\"Version\":1}"}}}})"),
                                        {{"Site", "x"}}, ours)
                          .value();
    ASSERT_EQ(plan.policies.size(), 2u);
    EXPECT_THAT(*plan.policies[0].document, HasSubstr(R"("Resource":"arn:x")"));
    EXPECT_EQ(plan.policies[1].document, R"({"Version":1})");
}

TEST(provisioning_template, wrong_functions_are_said) {
    EXPECT_THAT(why_not(R"({"Fn::Select":["2",["a","b"]]})"),
                HasSubstr("no value 2 in a list of 2"));
    EXPECT_THAT(why_not(R"({"Fn::Select":["-1",["a"]]})"), HasSubstr("no value -1"));
    EXPECT_THAT(why_not(R"({"Fn::Select":["0",[null]]})"), HasSubstr("is null"));
    EXPECT_THAT(why_not(R"({"Fn::Split":["","a"]})"), HasSubstr("delimiter is empty"));
    EXPECT_THAT(why_not(R"({"Fn::Join":["-"]})"), HasSubstr("Fn::Join must be [delimiter"));
    EXPECT_THAT(why_not(R"({"Fn::FindInMap":["a","b","c"]})"), HasSubstr("no Mappings.a"));
    EXPECT_THAT(why_not(R"({"Fn::GetAtt":["a","b"]})"), HasSubstr("Fn::GetAtt is none of"));
    EXPECT_THAT(why_not(R"({"Fn::Split":["-","a-b"]})"), HasSubstr("v must be a text"));
}

TEST(provisioning_template, a_text_that_grows_without_end_is_refused) {
    std::string nested = R"("0123456789abcdef")";
    for (int times = 0; times < 13; ++times) {
        nested = R"({"Fn::Join":["",[)" + nested + "," + nested + "]]}";
    }
    const auto body =
        R"({"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}},)"
        R"("DeviceConfiguration":{"v":)" +
        nested + "}}";
    const auto parsed = parse_provisioning_template(body);
    if (parsed) {  // or its nesting is refused already
        EXPECT_FALSE(plan_provisioning(*parsed, {}, ours));
    }
}

TEST(provisioning_template, wrong_templates_are_named_by_their_section) {
    const auto why = [](std::string_view text) {
        const auto parsed = parse_provisioning_template(text);
        return parsed ? std::string("it was taken") : parsed.error().context;
    };
    EXPECT_THAT(why("{"), HasSubstr("no JSON"));
    EXPECT_THAT(why("[]"), HasSubstr("JSON object"));
    EXPECT_THAT(why(R"({"Resources":[]})"), HasSubstr("Resources must be an object"));
    EXPECT_THAT(why("{}"), HasSubstr("a thing or a certificate"));
    EXPECT_THAT(why(R"({"Resources":{"a":{"Type":"AWS::S3::Bucket","Properties":{}}}})"),
                HasSubstr("Resources.a.Type"));
    EXPECT_THAT(why(R"({"Resources":{"a":{"Type":"AWS::IoT::Thing","Properties":{}}}})"),
                HasSubstr("ThingName is missing"));
    EXPECT_THAT(why(R"({"Parameters":{"p":{"Type":"Number"}},"Resources":{}})"),
                HasSubstr("Parameters.p"));
    EXPECT_THAT(
        why(R"({"Resources":{"a":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}},)"
            R"("DeviceConfiguration":{"n":{"a":1,"b":2}}})"),
        HasSubstr("DeviceConfiguration.n is nested"));
}

TEST(provisioning_template, a_fleet_template_takes_the_certificate_of_the_device_alone) {
    EXPECT_TRUE(check_fleet_template(template_of(full)));
    for (const auto* id : {R"("ab12")", R"({"Ref":"Other"})"}) {
        const auto body = template_of(
            R"({"Resources":{"c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":)" +
            std::string(id) + "}}}}");
        EXPECT_FALSE(check_fleet_template(body)) << id;
    }
    EXPECT_FALSE(check_fleet_template(template_of(
        R"({"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}}})")));
}

}  // namespace
}  // namespace evergrass::cloud::iot
