#include "contract/manifest.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass::contract {
namespace {

constexpr std::string_view certificate =
    "arn:aws:iot:us-east-1:123456789012:cert/"
    "00000000000000000000000000000000000000000000000000000000000000c1";

manifest sample() {
    manifest m;
    m.deployment_id = "d-1";
    m.group_id = "g-1";
    m.region = "us-east-1";
    m.group_version_arn =
        "arn:aws:greengrass:us-east-1:123456789012:/greengrass/groups/g-1/versions/v-1";
    m.core = {"c", "arn:aws:iot:us-east-1:123456789012:thing/Pump7_Core", std::string(certificate),
              true};
    m.devices = {
        {"d", "arn:aws:iot:us-east-1:123456789012:thing/Valve1", std::string(certificate), false}};
    function f;
    f.id = "f";
    f.arn = "arn:aws:lambda:us-east-1:123456789012:function:pump:7";
    f.runtime = "python3.7";
    f.handler = "pump.handler";
    f.artifact = std::string(64, 'a');
    f.pinned = true;
    f.variables = {{"PERIOD_S", "5"}};
    f.resources = {{"spool", "rw"}};
    f.identity.uid = 1000;
    m.functions = {f};
    m.subscriptions = {{"s", f.arn, "pump/state", "cloud"}};
    m.loggers = {{"l", "Lambda", "INFO", "FileSystem", 256}};
    m.resources = {json::object{
        {"Id", "spool"},
        {"Name", "spool"},
        {"ResourceDataContainer",
         json::object{{"LocalVolumeResourceData", json::object{{"SourcePath", "/srv/spool"}}}}}}};
    m.files = {{delivery::secrets, "", std::string(64, 'b'), 900},
               {delivery::model, "net", std::string(64, 'c'), 5}};
    m.group_cas = {"PEM"};
    return m;
}

TEST(manifest, survives_writing_and_reading) {
    const auto text = to_json_text(sample());
    const auto read = parse_manifest(text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(to_json_text(*read), text);
    EXPECT_EQ(read->core.thing_name(), "Pump7_Core");
    ASSERT_EQ(read->files.size(), 2u);
    EXPECT_EQ(read->files[1].resource_id, "net");
    EXPECT_EQ(read->functions[0].identity.uid, 1000);
    EXPECT_FALSE(read->functions[0].identity.gid);
}

TEST(manifest, says_who_issues_credentials_only_where_it_is_not_the_service) {
    auto m = sample();
    EXPECT_EQ(to_json_text(m).find("\"credentials\""), std::string::npos);
    m.credentials = {credential_issuer::role_alias, "h:444", "a"};
    const auto read = parse_manifest(to_json_text(m));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->credentials, m.credentials);
    m.credentials.alias = "a b";
    const auto wrong = parse_manifest(to_json_text(m));
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message().find("credentials"), std::string::npos);
}

TEST(manifest, says_how_long_server_certificates_last_only_where_it_is_not_a_week) {
    auto m = sample();
    EXPECT_EQ(to_json_text(m).find("certificateExpiryMs"), std::string::npos);
    m.certificate_expiry_ms = 30 * 86'400'000LL;
    EXPECT_EQ(parse_manifest(to_json_text(m)).value().certificate_expiry_ms,
              m.certificate_expiry_ms);
    m.certificate_expiry_ms = 31 * 86'400'000LL;
    EXPECT_NE(parse_manifest(to_json_text(m)).error().message().find("certificateExpiryMs"),
              std::string::npos);
}

TEST(manifest, names_the_member_that_is_wrong) {
    auto m = sample();
    m.functions[0].arn = "arn:aws:lambda:us-east-1:123456789012:function:pump:$LATEST";
    const auto read = parse_manifest(to_json_text(m));
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().context.find("functions[0].arn"), std::string::npos)
        << read.error().message();
}

TEST(manifest, names_what_is_wrong_with_a_delivered_file) {
    auto m = sample();
    m.files[1].artifact = "../x";
    EXPECT_NE(parse_manifest(to_json_text(m)).error().message().find("files[1].artifact"),
              std::string::npos);
    m = sample();
    m.files[1].resource_id.clear();
    EXPECT_NE(parse_manifest(to_json_text(m)).error().message().find("files[1].resourceId"),
              std::string::npos);
}

TEST(manifest, refuses_a_later_schema_and_says_to_update) {
    const auto read = parse_manifest(R"({"schema":2})");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, errc::unsupported);
    EXPECT_NE(read.error().context.find("update the core"), std::string::npos);
}

TEST(manifest, every_truncation_is_an_error) {
    const auto text = to_json_text(sample());
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(parse_manifest(std::string_view(text).substr(0, size))) << size;
    }
}

TEST(manifest, a_changed_variable_makes_another_function) {
    auto a = sample().functions[0];
    auto b = a;
    EXPECT_EQ(a, b);
    b.variables[0].second = "6";
    EXPECT_FALSE(a == b);
}

TEST(signed_manifest, survives_writing_and_reading) {
    const signed_manifest m{"{}", std::string(64, 's'), "key"};
    const auto read = parse_signed_manifest(to_json_text(m));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->manifest_text, "{}");
    EXPECT_EQ(read->signature, m.signature);
}

TEST(signed_manifest, a_short_signature_is_refused) {
    const auto read =
        parse_signed_manifest(R"({"manifest":"e30=","signature":"e30=","keyId":"k"})");
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().context.find("signature"), std::string::npos);
}

TEST(group_json, has_the_shape_that_v1_left) {
    const auto document = parse_json(to_group_json(sample()));
    ASSERT_TRUE(document);
    const auto& top = document->as_object();
    EXPECT_TRUE(top.at("$Schema").is_null());
    EXPECT_EQ(top.at("Cores").at(0).at("thingArn").as_string(),
              "arn:aws:iot:us-east-1:123456789012:thing/Pump7_Core");
    const auto& sections = top.at("GroupDefinitions").as_object();
    const auto& lambda = sections.at("Lambdas").at("Content").at(0).as_object();
    EXPECT_EQ(lambda.at("FunctionArn").as_string(),
              "arn:aws:lambda:us-east-1:123456789012:function:pump:7");
    EXPECT_TRUE(lambda.at("DeploymentConfiguration").at("Pinned").as_bool());
    const auto& resource = sections.at("Resources").at("Content").at(0).as_object();
    EXPECT_EQ(resource.at("Type").as_string(), "LOCAL_VOLUME");
    EXPECT_EQ(resource.at("Data").at("type").as_string(), "LocalVolumeResourceData");
    EXPECT_EQ(sections.at("Logging").at("Content").at(0).at("Space").as_int64(), 256);
}

}  // namespace
}  // namespace evergrass::contract
