#include "edge/router/group_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string thing_a = "arn:aws:iot:us-east-1:123456789012:thing/a";
const std::string function_f = "arn:aws:lambda:us-east-1:123456789012:function:f:1";
const endpoint device_a{endpoint_kind::device, "a"};
const endpoint device_b{endpoint_kind::device, "b"};

std::string subscription(const std::string& id) {
    return "{" + (id.empty() ? "" : "\"Id\":\"" + id + "\",") + "\"Source\":\"" + thing_a +
           "\",\"Subject\":\"t\",\"Target\":\"" + function_f + "\"}";
}

TEST(group_file, reads_v1_group_json) {
    const auto file = parse_group_file(
        "{\"Devices\":[{\"thingArn\":\"" + thing_a +
        "\"}],\"GroupDefinitions\":{\"Lambdas\":{\"Content\":[{\"FunctionArn\":\"" + function_f +
        "\"}]},\"Subscriptions\":{\"ref\":null,\"Content\":[" + subscription("") + "]}}}");
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(file->kind, "V1's group.json");
    ASSERT_THAT(file->subscriptions, SizeIs(1));
    EXPECT_EQ(file->subscriptions[0].id, "#1");
    EXPECT_EQ(file->has(device_a), true);
    EXPECT_EQ(file->has(device_b), false);
    EXPECT_EQ(file->has({endpoint_kind::cloud, ""}), true);
    EXPECT_EQ(file->has({endpoint_kind::connector, "c"}), std::nullopt);
    EXPECT_THAT(file->known_ends(), SizeIs(1));
    EXPECT_THAT(file->members, SizeIs(0));  // it names no certificate
}

TEST(group_file, reads_what_the_core_writes_of_a_manifest) {
    contract::manifest m;
    m.deployment_id = "d";
    m.region = "us-east-1";
    m.core.thing_arn = thing_a;
    m.core.certificate_arn = "arn:aws:iot:us-east-1:123456789012:cert/" + std::string(64, 'a');
    m.devices = {m.core};
    m.subscriptions = {{"s1", thing_a, "t", "cloud"}};
    const auto v1 = parse_group_file(contract::to_group_json(m));
    ASSERT_TRUE(v1) << v1.error().message();
    EXPECT_EQ(v1->subscriptions[0].id, "s1");
    EXPECT_EQ(v1->has(device_a), true);
    ASSERT_THAT(v1->members, SizeIs(1));
    EXPECT_EQ(v1->members[0].thing_name(), "a");
    EXPECT_EQ(v1->members[0].certificate_id(), std::string(64, 'a'));
}

TEST(group_file, reads_definitions_of_the_api) {
    for (const auto& [before, after] :
         {std::pair("", ""), {"{\"Definition\":", "}"}, {"{\"InitialVersion\":", "}"}}) {
        const auto file =
            parse_group_file(before + ("{\"Subscriptions\":[" + subscription("s") + "]}") + after);
        ASSERT_TRUE(file) << file.error().message();
        EXPECT_EQ(file->subscriptions[0].id, "s");
        EXPECT_EQ(file->has(device_a), std::nullopt);
    }
}

TEST(group_file, an_empty_group_is_one) {
    const auto file =
        parse_group_file(R"({"GroupDefinitions":{"Subscriptions":{"Content":null}}})");
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->subscriptions.empty());
}

TEST(group_file, says_what_is_wrong_with_anything_else) {
    const auto message = [](std::string_view text) {
        const auto file = parse_group_file(text);
        return file ? std::string("was taken") : file.error().message();
    };
    EXPECT_THAT(message("Subscriptions:\n- a"), HasSubstr("not JSON"));
    EXPECT_THAT(message("[]"), HasSubstr("no JSON object"));
    EXPECT_THAT(message("{\"a\":1}"), HasSubstr("group.json (it has GroupDefinitions)"));
    EXPECT_THAT(message("{\"Subscriptions\":1}"), HasSubstr("'Subscriptions' is not a list"));
    EXPECT_THAT(message("{\"Subscriptions\":[1]}"), HasSubstr("subscription #1 is not an object"));
    EXPECT_THAT(message("{\"Subscriptions\":[{\"Source\":\"cloud\"}]}"),
                HasSubstr("subscription #1 has no text 'Subject'"));
    EXPECT_THAT(message("{\"Subscriptions\":[],\"Devices\":[{\"ThingArn\":\"x\"}]}"),
                HasSubstr("Devices: ThingArn: 'x'"));
    EXPECT_THAT(message("{\"manifest\":1,\"signature\":2}"), HasSubstr("manifest"));
    EXPECT_THAT(message("{\"deploymentId\":\"d\",\"subscriptions\":[]}"), HasSubstr("schema 0"));
}

}  // namespace
}  // namespace evergrass::edge
