#include "cloud/gateway/input.hpp"

#include "cloud/gateway/refusal.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using header_list = std::vector<std::pair<std::string, std::string>>;

class input : public ::testing::Test {
protected:
    // Reads a request; what is wrong with it is in refused_, empty code: nothing.
    call_input read(std::string_view service, std::string method, std::string target,
                    std::string body = "", const header_list& headers = {}) {
        http::request asked;
        asked.method = std::move(method);
        asked.target = std::move(target);
        asked.body = std::move(body);
        for (const auto& [name, value] : headers) {
            asked.headers.add(name, value);
        }
        const auto& model = *catalog_.find(service);
        const auto route = router(model).match(asked.method, asked.path(), asked.query());
        EXPECT_NE(route.operation, nullptr) << asked.target;
        call_input into;
        const auto wrong = read_input(model, route, asked, into);
        refused_ = wrong.empty() ? api_error{0, "", ""} : refusal(service, wrong);
        return into;
    }

    std::string refusal_of_function(const std::string& members) {
        read("lambda", "POST", "/2015-03-31/functions",
             R"({"FunctionName":"f","Role":"arn:aws:iam::123456789012:role/r","Code":{})" +
                 (members.empty() ? "" : "," + members) + "}");
        return refused_.code.empty() ? "" : refused_.code + ": " + refused_.message;
    }

    model_catalog catalog_;
    api_error refused_;
};

TEST_F(input, members_come_from_path_query_headers_and_body_with_the_models_types) {
    auto got = read("iot", "POST", "/keys-and-certificate?setAsActive=true");
    EXPECT_EQ(got.members, (json::object{{"setAsActive", true}}));

    got = read("iot", "PUT", "/things/T%3A1/principals", "",
               {{"X-Amzn-Principal", "arn:aws:iot:r:a:cert/1"}});
    EXPECT_EQ(got.members,
              (json::object{{"thingName", "T:1"}, {"principal", "arn:aws:iot:r:a:cert/1"}}));

    got = read("greengrass", "POST", "/greengrass/groups", R"({"Name":"g","tags":{"a":""}})",
               {{"x-amzn-client-token", "t"}});
    EXPECT_EQ(got.members,
              (json::object{{"Name", "g"}, {"tags", {{"a", ""}}}, {"AmznClientToken", "t"}}));

    got = read("lambda", "GET", "/2015-03-31/functions/?MaxItems=3");
    EXPECT_EQ(got.members, (json::object{{"MaxItems", 3}}));

    got = read("greengrass", "GET", "/greengrass/groups?MaxResults=3");
    EXPECT_EQ(got.members, (json::object{{"MaxResults", "3"}})) << "a string in this model";
    EXPECT_EQ(refused_.code, "");
}

TEST_F(input, a_repeated_query_parameter_is_a_list) {
    const auto got = read("greengrass", "DELETE", "/tags/arn%3Aaws?tagKeys=b&tagKeys=a%26c");
    EXPECT_EQ(json::serialize(got.members), R"({"ResourceArn":"arn:aws","TagKeys":["b","a&c"]})");
}

TEST_F(input, a_raw_payload_travels_beside_the_members) {
    const std::string bytes("\0\xff{", 3);
    const auto got = read("iot-data", "POST", "/topics/a%2Fb?qos=1&retain=true", bytes);
    EXPECT_EQ(got.payload, bytes);
    EXPECT_EQ(got.members, (json::object{{"topic", "a/b"}, {"qos", 1}, {"retain", true}}));
}

TEST_F(input, a_required_payload_must_be_there) {
    read("iot-data", "POST", "/things/t/shadow");
    EXPECT_EQ(refused_.code, "InvalidRequestException");
    EXPECT_THAT(refused_.message, HasSubstr("'payload'"));
}

TEST_F(input, json_in_a_header_is_decoded_from_base64) {
    const auto got =
        read("iot-data", "POST", "/topics/t", "", {{"x-amz-mqtt5-user-properties", "W10="}});
    EXPECT_EQ(got.members, (json::object{{"topic", "t"}, {"userProperties", "[]"}}));
    read("iot-data", "POST", "/topics/t", "", {{"x-amz-mqtt5-user-properties", "!"}});
    EXPECT_THAT(refused_.message, HasSubstr("userProperties"));
}

TEST_F(input, unknown_and_null_members_are_left_out) {
    const auto got = read("greengrass", "POST", "/greengrass/groups",
                          R"({"Name":"g","Colour":"red","InitialVersion":null})");
    EXPECT_EQ(got.members, (json::object{{"Name", "g"}}));
    EXPECT_EQ(refused_.code, "");
}

TEST_F(input, an_empty_body_is_an_empty_object) {
    EXPECT_EQ(read("greengrass", "POST", "/greengrass/groups/g/versions", " \r\n").members,
              (json::object{{"GroupId", "g"}}));
    EXPECT_EQ(refused_.code, "");
}

TEST_F(input, a_body_that_is_no_json_object_is_refused_in_the_services_way) {
    for (const auto* body : {"{", "[]", "nonsense", "{\"Name\":\"\xff\"}", "{} {}"}) {
        read("greengrass", "POST", "/greengrass/groups", body);
        EXPECT_EQ(refused_.code, "BadRequestException") << body;
        EXPECT_THAT(refused_.message, StartsWith("The request body cannot be read: ")) << body;
        read("lambda", "POST", "/2015-03-31/functions", body);
        EXPECT_EQ(refused_.code, "InvalidRequestContentException") << body;
        read("iot", "POST", "/things/t", body);
        EXPECT_EQ(refused_.code, "InvalidRequestException") << body;
    }
}

TEST_F(input, json_that_nests_too_deep_is_refused) {
    read("greengrass", "POST", "/greengrass/groups",
         R"({"Name":)" + std::string(1000, '[') + std::string(1000, ']') + "}");
    EXPECT_EQ(refused_.code, "BadRequestException");
    EXPECT_THAT(refused_.message, HasSubstr("column"));
}

TEST_F(input, a_missing_member_is_named) {
    EXPECT_EQ(refusal_of_function(""), "");
    read("lambda", "POST", "/2015-03-31/functions", R"({"FunctionName":"f","Code":{}})");
    EXPECT_EQ(refused_.message,
              "1 validation error detected: Value null at 'role' failed to satisfy constraint: "
              "Member must not be null");
    read("greengrass", "POST", "/greengrass/groups/g/deployments", "{}");
    EXPECT_EQ(refused_.code, "InvalidInputException");
    EXPECT_EQ(refused_.message,
              "Your request is missing the following required parameter(s): {DeploymentType}.");
    read("greengrass", "POST", "/greengrass/definition/cores",
         R"({"InitialVersion":{"Cores":[{"Id":"1","ThingArn":"t"}]}})");
    EXPECT_THAT(refused_.message, HasSubstr("{InitialVersion.Cores.1.member.CertificateArn}"));
    read("iot", "PUT", "/things/t/principals");
    EXPECT_THAT(refused_.message, HasSubstr("Value null at 'principal'"));
}

TEST_F(input, an_unknown_choice_is_answered_with_the_choices) {
    read("greengrass", "POST", "/greengrass/groups/g/deployments",
         R"({"DeploymentType":"WrongDeploymentType"})");
    EXPECT_EQ(refused_.code, "InvalidInputException");
    EXPECT_EQ(refused_.message,
              "That deployment type is not valid.  Please specify one of the following types: "
              "{NewDeployment,Redeployment,ResetDeployment,ForceResetDeployment}.");
    EXPECT_THAT(refusal_of_function(R"("PackageType":"Tar")"),
                HasSubstr("Member must satisfy enum value set: [Zip, Image]"));
    EXPECT_EQ(refusal_of_function(R"("Runtime":"python3.11")"), "");
}

TEST_F(input, text_out_of_its_pattern_or_length_is_refused) {
    read("iot", "POST", "/things/a%20b");
    EXPECT_EQ(refused_.code, "InvalidRequestException");
    EXPECT_EQ(refused_.message,
              "1 validation error detected: Value 'a b' at 'thingName' failed to satisfy "
              "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+");
    read("iot", "POST", "/things/" + std::string(129, 'a'));
    EXPECT_THAT(refused_.message, HasSubstr("length less than or equal to 128"));
    EXPECT_THAT(refused_.message, HasSubstr("…")) << "a long value is quoted in part";
    read("lambda", "GET", "/2015-03-31/functions/f/aliases/$LATEST");
    EXPECT_EQ(refused_.code, "ValidationException");
}

TEST_F(input, lengths_count_characters_and_not_bytes) {
    std::string description;
    for (int i = 0; i < 256; ++i) {
        description += "ü";
    }
    EXPECT_EQ(refusal_of_function(R"("Description":")" + description + "\""), "");
    EXPECT_THAT(refusal_of_function(R"("Description":")" + description + "x\""),
                HasSubstr("length less than or equal to 256"));
}

TEST_F(input, numbers_out_of_their_range_are_refused) {
    EXPECT_EQ(refusal_of_function(R"("MemorySize":128)"), "");
    EXPECT_THAT(refusal_of_function(R"("MemorySize":1)"),
                HasSubstr("Value '1' at 'memorySize' failed to satisfy constraint: Member must "
                          "have value greater than or equal to 128"));
    EXPECT_THAT(refusal_of_function(R"("MemorySize":99999)"),
                HasSubstr("less than or equal to 10240"));
    read("iot", "GET", "/things?maxResults=251");
    EXPECT_THAT(refused_.message, HasSubstr("'maxResults'"));
}

TEST_F(input, a_value_of_another_type_is_refused_by_name) {
    EXPECT_THAT(refusal_of_function(R"("MemorySize":"128")"), HasSubstr("a 32-bit integer"));
    EXPECT_THAT(refusal_of_function(R"("MemorySize":128.5)"), HasSubstr("a 32-bit integer"));
    EXPECT_THAT(refusal_of_function(R"("MemorySize":5000000000)"), HasSubstr("a 32-bit integer"));
    EXPECT_THAT(refusal_of_function(R"("MemorySize":1e99)"), HasSubstr("a 32-bit integer"));
    EXPECT_THAT(refusal_of_function(R"("Publish":"true")"), HasSubstr("true or false"));
    EXPECT_THAT(refusal_of_function(R"("Handler":7)"), HasSubstr("a string"));
    EXPECT_THAT(refusal_of_function(R"("Layers":{})"), HasSubstr("a list"));
    EXPECT_THAT(refusal_of_function(R"("Environment":[])"), HasSubstr("an object"));
    EXPECT_THAT(refusal_of_function(R"("Environment":{"Variables":[]})"), HasSubstr("a map"));
    EXPECT_THAT(refusal_of_function(R"("Environment":{"Variables":{"A":null}})"),
                HasSubstr("'environment.Variables.A.value'"));
    read("lambda", "PUT", "/2015-03-31/functions/f/code", R"({"ZipFile":"not base64"})");
    EXPECT_THAT(refused_.message, HasSubstr("Member must be base64"));
    read("iot", "POST", "/keys-and-certificate?setAsActive=yes");
    EXPECT_THAT(refused_.message, HasSubstr("Value 'yes' at 'setAsActive'"));
    read("iot", "GET", "/things?maxResults=ten");
    EXPECT_THAT(refused_.message, HasSubstr("a 32-bit integer"));
}

TEST_F(input, keys_of_a_map_are_checked) {
    EXPECT_THAT(refusal_of_function(R"("Environment":{"Variables":{"1x":"v"}})"),
                HasSubstr("'environment.Variables.1x.key'"));
}

TEST_F(input, a_list_that_is_too_long_is_refused) {
    std::string subnets;
    for (int i = 0; i < 17; ++i) {
        subnets += i == 0 ? "\"s\"" : ",\"s\"";
    }
    EXPECT_THAT(refusal_of_function(R"("VpcConfig":{"SubnetIds":[)" + subnets + "]}"),
                HasSubstr("'vpcConfig.SubnetIds' failed to satisfy constraint: Member must have "
                          "length less than or equal to 16"));
}

TEST_F(input, times_in_a_query_are_read_as_seconds) {
    auto got = read("iot", "GET", "/audit/tasks?startTime=2026-11-23T19:30:00Z&endTime=17.5");
    EXPECT_EQ(refused_.code, "");
    EXPECT_EQ(got.members.at("startTime").to_number<double>(), 1795462200.0);
    EXPECT_EQ(got.members.at("endTime").to_number<double>(), 17.5);
    read("iot", "GET", "/audit/tasks?startTime=yesterday&endTime=0");
    EXPECT_THAT(refused_.message, HasSubstr("'startTime'"));
}

TEST_F(input, text_that_is_no_utf8_is_refused) {
    read("iot", "POST", "/things/%ff");
    EXPECT_EQ(refused_.message, "The value of thingName cannot be read: it is not UTF-8");
    read("iot", "POST", "/things/a%f");
    EXPECT_EQ(refused_.message,
              "The value of thingName cannot be read: its percent escape is broken");
    read("greengrass", "GET", "/greengrass/groups?MaxResults=%ff");
    EXPECT_EQ(refused_.code, "BadRequestException");
    read("greengrass", "POST", "/greengrass/groups", R"({"Name":"g"})",
         {{"X-Amzn-Client-Token", "\xff"}});
    EXPECT_EQ(refused_.code, "BadRequestException");
}

TEST_F(input, several_mistakes_are_told_at_once_and_their_number_is_bounded) {
    const auto two = refusal_of_function(R"("MemorySize":1,"Timeout":0)");
    EXPECT_THAT(two, HasSubstr("2 validation errors detected: "));
    EXPECT_THAT(two, HasSubstr("memorySize"));
    EXPECT_THAT(two, HasSubstr("timeout"));
    std::string many = "\"\"";
    for (int i = 0; i < 1000; ++i) {
        many += ",1";
    }
    EXPECT_THAT(refusal_of_function(R"("Layers":[)" + many + "]"),
                HasSubstr("5 validation errors detected"));
}

}  // namespace
}  // namespace evergrass::cloud
