#include "libs/v1_core/group_file.hpp"

#include "libs/v1_core/test_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace evergrass::v1 {
namespace {

using ::testing::HasSubstr;

old_group must_read(const std::string& text) {
    auto group = read_group_file(text, "group.json");
    EXPECT_TRUE(group) << group.error().message();
    return group ? std::move(*group) : old_group();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

bool tells(const findings& found, severity how_bad, std::string_view text) {
    return std::ranges::any_of(found.problems, [&](const auto& p) {
        return p.how_bad == how_bad && (p.where + " " + p.text).find(text) != std::string::npos;
    });
}

TEST(group_file, a_deployed_group_is_read_whole) {
    const test_tree tree;
    const auto group = must_read(tree.group());
    EXPECT_TRUE(group.deployed);
    EXPECT_EQ(group.group_id, group_id);
    EXPECT_EQ(group.version_id, "0a1b2c3d-0000-4000-8000-000000000002");
    EXPECT_EQ(group.deployment_id, "0a1b2c3d-0000-4000-8000-000000000003");
    EXPECT_EQ(group.account, account);
    ASSERT_EQ(group.cores.size(), 1u);
    EXPECT_EQ(group.cores[0].certificate_id, tree.certificate_id);
    ASSERT_EQ(group.devices.size(), 1u);
    EXPECT_EQ(group.devices[0].thing_name, "Valve1");
    ASSERT_EQ(group.functions.size(), 1u);
    const auto& f = group.functions[0];
    EXPECT_EQ(f.version, "7");
    EXPECT_TRUE(f.pinned);
    EXPECT_EQ(f.memory_kb, 65536);
    EXPECT_EQ(f.variables.at(0), std::pair(std::string("PERIOD_S"), std::string("5")));
    EXPECT_EQ(f.resources.at(0).second, "rw");
    EXPECT_EQ(f.access_sysfs, false);
    ASSERT_EQ(group.resources.size(), 1u);
    EXPECT_EQ(group.resources[0].kind, "LocalVolumeResourceData");
    EXPECT_EQ(group.resources[0].name, "spool");
    EXPECT_FALSE(group.resources[0].data.contains("type"));
    ASSERT_EQ(group.subscriptions.size(), 1u);
    EXPECT_EQ(group.subscriptions[0].id, "1");
    EXPECT_EQ(group.loggers.at(0).level, "INFO");
    EXPECT_FALSE(group.found.has_error());
    const auto& values = group.found.values;
    const auto id = std::ranges::find(values, "group.Id", &derived::what);
    ASSERT_NE(id, values.end());
    EXPECT_EQ(id->where, "group.json#/Arn");
}

TEST(group_file, the_initial_file_and_an_empty_one_mean_nothing_deployed) {
    EXPECT_FALSE(must_read(std::string(initial_group)).deployed);
    EXPECT_FALSE(must_read("{}").deployed);
}

TEST(group_file, one_line_a_byte_order_mark_and_a_line_break_are_taken) {
    const test_tree tree;
    auto text = tree.group();
    std::erase(text, '\n');
    EXPECT_TRUE(must_read("\xef\xbb\xbf" + text + "\n").deployed);
}

TEST(group_file, a_function_without_encoding_and_policies_is_read) {
    const test_tree tree;
    auto text = replaced(tree.group(), R"("EncodingType": "json", )", "");
    text = replaced(
        text, R"("ResourceAccessPolicies": [{"ResourceId": "spool-dir", "Permission": "rw"}],)",
        "");
    const auto group = must_read(text);
    EXPECT_EQ(group.functions.at(0).encoding, "");
    EXPECT_TRUE(group.functions.at(0).resources.empty());
    EXPECT_FALSE(group.found.has_error());
}

TEST(group_file, missing_and_null_sections_are_empty) {
    const test_tree tree;
    const auto group = must_read(
        R"({"Arn": "arn:aws:greengrass:r:1:/greengrass/groups/g/versions/v", "Region": "r",
            "Cores": [{"thingArn": ")" +
        tree.thing_arn("c") + R"("}], "GroupDefinitions": {"Lambdas": null}})");
    EXPECT_TRUE(group.deployed);
    EXPECT_TRUE(group.functions.empty());
    EXPECT_TRUE(tells(group.found, severity::warning, "has no certificate"));
}

TEST(group_file, a_key_in_another_case_is_taken_and_said_to_be_a_guess) {
    const test_tree tree;
    const auto group = must_read(replaced(tree.group(), "\"Handler\"", "\"handler\""));
    EXPECT_EQ(group.functions.at(0).handler, "pump.handler");
    EXPECT_TRUE(group.found.has_guess());
}

TEST(group_file, two_keys_that_differ_in_case_alone_are_an_error) {
    const test_tree tree;
    const auto group =
        must_read(replaced(tree.group(), "\"Handler\"", "\"handler\": \"x.y\", \"Handler\""));
    EXPECT_TRUE(tells(group.found, severity::error, "spelled differently"));
}

TEST(group_file, a_key_that_is_there_twice_stops_with_its_name) {
    const test_tree tree;
    const auto group = read_group_file(
        replaced(tree.group(), "\"Pinned\": true", "\"Pinned\": true, \"Pinned\": false"), "g");
    ASSERT_FALSE(group);
    EXPECT_THAT(group.error().message(), HasSubstr("'Pinned' is there twice"));
}

TEST(group_file, truncated_group_json_is_reported_with_its_place) {
    const test_tree tree;
    const auto text = tree.group();
    const auto group = read_group_file(text.substr(0, text.size() / 2), "group.json");
    ASSERT_FALSE(group);
    EXPECT_THAT(group.error().message(), HasSubstr("line"));
}

TEST(group_file, what_nobody_knows_is_told_with_its_pointer) {
    const test_tree tree;
    const auto group =
        must_read(replaced(tree.group(), "\"Lambdas\"", "\"Magic\": {\"a/b\": 1}, \"Lambdas\""));
    EXPECT_TRUE(tells(group.found, severity::warning, "group.json#/GroupDefinitions/Magic"));
    EXPECT_EQ(group.functions.size(), 1u);
}

TEST(group_file, a_section_that_points_elsewhere_is_an_error_of_its_own) {
    const test_tree tree;
    const auto group = must_read(replaced(tree.group(), R"("Subscriptions": {"ref": null)",
                                          R"("Subscriptions": {"ref": "s3://x")"));
    EXPECT_TRUE(tells(group.found, severity::error, "points to content"));
    EXPECT_EQ(group.functions.size(), 1u);
}

TEST(group_file, shadow_sync_names_things_in_several_shapes) {
    const test_tree tree;
    const auto group =
        must_read(replaced(tree.group(), R"("ShadowSync": {"ref": null, "Content": []})",
                           R"("ShadowSync": {"ref": null, "Content": ["Valve1",
                           {"thing": ")" +
                               tree.thing_arn("Pump7_Core") + R"("}, "Nobody"]})"));
    EXPECT_TRUE(group.devices.at(0).sync_shadow);
    EXPECT_TRUE(group.cores.at(0).sync_shadow);
    EXPECT_TRUE(tells(group.found, severity::warning, "names no thing of the group"));
    EXPECT_TRUE(group.found.has_guess());
}

TEST(group_file, an_alias_in_a_subscription_means_the_only_version) {
    const test_tree tree;
    const auto with_alias =
        replaced(tree.group(), "\"Source\": \"" + tree.function_arn("pump-control") + ":7\"",
                 "\"Source\": \"" + tree.function_arn("pump-control") + ":live\"");
    const auto group = must_read(with_alias);
    EXPECT_EQ(group.subscriptions.at(0).source, tree.function_arn("pump-control") + ":7");
    EXPECT_TRUE(group.found.has_guess());
}

TEST(group_file, numbers_and_truths_as_text_are_taken) {
    const test_tree tree;
    auto text = replaced(tree.group(), "\"MemorySize\": 65536", "\"MemorySize\": \"65536\"");
    text = replaced(text, "\"Pinned\": true", "\"Pinned\": \"true\"");
    const auto group = must_read(text);
    EXPECT_EQ(group.functions.at(0).memory_kb, 65536);
    EXPECT_TRUE(group.functions.at(0).pinned);
}

TEST(group_file, a_system_function_needs_no_region_and_no_code) {
    const test_tree tree;
    const auto group = must_read(replaced(
        tree.group(), "\"Content\": [{\n      \"FunctionArn\"",
        "\"Content\": [{\"FunctionArn\": \"arn:aws:lambda:::function:GGIPDetector:1\"}, {\n"
        "      \"FunctionArn\""));
    ASSERT_EQ(group.functions.size(), 2u);
    EXPECT_TRUE(group.functions[0].of_system);
    EXPECT_FALSE(group.found.has_error());
}

TEST(group_file, isolation_and_secrets_are_read_and_said_to_be_guesses) {
    const test_tree tree;
    auto text =
        replaced(tree.group(), "\"AccessSysfs\": false",
                 R"("Execution": {"IsolationMode": "NoContainer", "RunAs": {"Uid": 1001}})");
    text = replaced(text, "\"Content\": [{\"Id\": \"spool-dir\"",
                    R"("Content": [{"Id": "key", "Type": "?", "Data": {"ARN":
                    "arn:aws:secretsmanager:eu-north-1:111122223333:secret:api-key-AbCdEf"}},
                    {"Id": "spool-dir")");
    const auto group = must_read(text);
    EXPECT_EQ(group.functions.at(0).isolation, "NoContainer");
    EXPECT_EQ(group.functions.at(0).uid, 1001);
    ASSERT_EQ(group.resources.size(), 2u);
    EXPECT_THAT(group.resources[0].secret_arn(), HasSubstr("api-key"));
    EXPECT_TRUE(group.found.has_guess());
}

}  // namespace
}  // namespace evergrass::v1
