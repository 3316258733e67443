#include "libs/group_file/group.hpp"

#include "libs/group_file/difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::group_file {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const owner whose{"aws", "us-east-1", "123456789012"};

constexpr char pumps[] = R"(format: evergrass-group-1
group: pumps
role: pumps-role
tags: {site: north, "evergrass:credentials": service}
core:
  thing: pumps-core
  syncShadow: true
devices:
  - thing: pump-1
    certificate: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  - thing: display
    id: d2
defaults: {isolation: NoContainer}
functions:
  - name: average
    code: functions/average
    runtime: python3.8
    handler: average.handler
    pinned: true
    timeoutSeconds: 60
    environment: {PORT: 8080, EMPTY: ""}
    resources: {data: rw}
  - name: GGIPDetector
    arn: arn:aws:lambda:::function:GGIPDetector:1
connectors:
  - id: sns
    arn: arn:aws:greengrass:us-east-1::/connectors/SNS/versions/1
    parameters: {DefaultSNSArn: arn:aws:sns:us-east-1:123456789012:alarms}
resources:
  - id: data
    volume: {source: /var/data, destination: /data, autoAddGroupOwner: true}
subscriptions:
  - {from: thing:pump-1, subject: pumps/+/pressure, to: function:average}
  - {from: function:average, subject: "pumps/#", to: cloud}
  - {from: connector:sns, subject: a, to: shadow, id: s9}
loggers:
  - {component: Lambda, level: DEBUG, spaceKb: 256}
)";

json::object read(std::string_view text) {
    auto group = read_group(text);
    EXPECT_TRUE(group) << group.error().message();
    return group ? *group : json::object();
}

std::string fault_of(std::string_view text) {
    const auto group = read_group(text);
    return group ? "none" : group.error().context;
}

bindings bound_of_pumps() {
    bindings bound;
    bound.whose = whose;
    bound.functions["average"] = whose.function_arn("average", "3");
    bound.certificates["pumps-core"] = std::string(64, 'c');
    bound.certificates["display"] = std::string(64, 'd');
    return bound;
}

json::object api_of(const json::object& group, const bindings& bound) {
    json::object api{{"Name", group.at("group")}};
    for (const auto& version : to_api(group, bound)) {
        for (const auto& member : version.value().get_object()) {
            api[member.key()] = member.value();
        }
    }
    return api;
}

TEST(group_file, what_is_written_is_read_back) {
    const auto group = read(pumps);
    EXPECT_EQ(read(to_text(group)), group) << to_text(group);
}

TEST(group_file, what_equals_its_default_is_left_out) {
    const auto group = read(
        "format: evergrass-group-1\ngroup: g\ncore: {thing: c, syncShadow: false, id: c}\n"
        "functions: [{name: f, alias: live, timeoutSeconds: 3, encoding: json, id: f}]\n");
    EXPECT_EQ(json::serialize(group),
              R"({"group":"g","core":{"thing":"c"},"functions":[{"name":"f","alias":"live"}]})");
}

TEST(group_file, the_api_s_form_has_arns_and_ids) {
    const auto versions = to_api(read(pumps), bound_of_pumps());
    const auto& core = versions.at("core").at("Cores").at(0);
    EXPECT_EQ(core.at("ThingArn").get_string(),
              "arn:aws:iot:us-east-1:123456789012:thing/pumps-core");
    EXPECT_EQ(core.at("CertificateArn").get_string(),
              "arn:aws:iot:us-east-1:123456789012:cert/" + std::string(64, 'c'));
    EXPECT_EQ(core.at("Id").get_string(), "pumps-core");
    const auto& functions = versions.at("functions");
    EXPECT_EQ(json::serialize(functions.at("DefaultConfig")),
              R"({"Execution":{"IsolationMode":"NoContainer"}})");
    EXPECT_EQ(
        functions.at("Functions").at(0),
        json::parse(
            R"({"Id":"average","FunctionConfiguration":{"Pinned":true,"Timeout":60,)"
            R"("Environment":{"Variables":{"PORT":"8080","EMPTY":""},"ResourceAccessPolicies":)"
            R"([{"ResourceId":"data","Permission":"rw"}]}},)"
            R"("FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:average:3"})"));
    const auto& subscriptions = versions.at("subscriptions").at("Subscriptions");
    EXPECT_EQ(subscriptions.at(0).at("Target").get_string(),
              "arn:aws:lambda:us-east-1:123456789012:function:average:3");
    EXPECT_EQ(subscriptions.at(2).at("Source").get_string(),
              "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/1");
    EXPECT_EQ(subscriptions.at(2).at("Target").get_string(), "GGShadowService");
}

TEST(group_file, what_comes_back_from_the_api_differs_in_nothing) {
    auto wanted = read(pumps);
    auto current = from_api(api_of(wanted, bound_of_pumps()), whose);
    for (const auto* name : {"role", "tags"}) {
        current[name] = wanted.at(name);
    }
    // The caller tells of code.
    for (const auto* name : {"code", "runtime", "handler"}) {
        wanted["functions"].get_array()[0].get_object().erase(name);
    }
    current["functions"].get_array()[0].get_object().erase("version");
    std::string all;
    for (const auto& one : difference(current, wanted)) {
        all += to_lines(one, false);
    }
    EXPECT_EQ(all, "");
}

TEST(group_file, faults_say_where_and_which_field) {
    const std::string head = "format: evergrass-group-1\ngroup: g\n";
    EXPECT_EQ(fault_of(head + "core:\n  thnig: c\n"),
              "4:3: core.thnig is not known; there are: thing, certificate, syncShadow, id");
    EXPECT_EQ(fault_of(head + "core: {syncShadow: true}\n"), "3:7: core.thing is missing");
    EXPECT_EQ(fault_of(head + "functions:\n  - {name: f, timeoutSeconds: soon}\n"),
              "4:31: functions[0].timeoutSeconds must be a whole number");
    EXPECT_EQ(fault_of(head + "functions: [{name: f, isolation: Docker}]\n"),
              "3:34: functions[0].isolation must be one of: GreengrassContainer, NoContainer");
    EXPECT_EQ(fault_of(head + "functions: [{name: f, code: x, runtime: r}]\n"),
              "3:13: functions[0]: a function with code needs its handler");
    EXPECT_EQ(fault_of(head + "devices: [{thing: a}, {thing: a}]\n"),
              "3:23: devices[1]: 'a' is there twice");
    EXPECT_EQ(
        fault_of(head + "devices: [{thing: a}]\nsubscriptions:\n"
                        "  - {from: thing:b, subject: t, to: cloud}\n"),
        "5:12: subscriptions[0].from 'thing:b' is not among the group's devices; there are: a");
    EXPECT_EQ(fault_of(head + "functions: [{name: f, alias: a, resources: {data: ro}}]\n"),
              "3:45: functions[0].resources 'data' is not among the group's resources");
    EXPECT_EQ(fault_of(head + "resources: [{id: r}]\n"),
              "3:13: resources[0] must have one of: volume, device, model, sageMakerModel, secret");
    EXPECT_THAT(fault_of(head + "gruop: h\n"), HasSubstr("3:1: gruop is not known"));
    EXPECT_THAT(fault_of("Resources: {}\n"), HasSubstr("evergrass group import"));
    EXPECT_THAT(fault_of(head + "devices: {a: b}\n"), HasSubstr("3:10: devices must be a list"));
}

TEST(group_file, yaml_that_would_grow_is_refused) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int level = 1; level < 9; ++level) {
        const auto before = "*a" + std::to_string(level - 1);
        bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + before;
        for (int i = 0; i < 8; ++i) {
            bomb += ", " + before;
        }
        bomb += "]\n";
    }
    const auto grown = parse_yaml(bomb);
    ASSERT_FALSE(grown);
    EXPECT_THAT(grown.error().context, HasSubstr("more than 200000 values"));
    const auto deep = parse_yaml(std::string(1000, '['));
    ASSERT_FALSE(deep);
    EXPECT_THAT(deep.error().context, HasSubstr("too deep"));
    const auto twice = parse_yaml("a: 1\nb: 2\na: 3\n");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().context, "3:1: 'a' is there twice");
}

TEST(group_file, an_alias_stands_for_its_value) {
    const auto read = parse_yaml("a: &x {b: 1}\nc: *x\n");
    ASSERT_TRUE(read) << read.error().context;
    EXPECT_EQ(json::serialize(to_json(*read)), R"({"a":{"b":1},"c":{"b":1}})");
}

TEST(group_file, texts_that_look_like_something_else_stay_texts) {
    const json::object texts{{"a", "true"},       {"b", "012"}, {"c", "- x"},  {"d", "a: b"},
                             {"e", "#x"},         {"f", ""},    {"g", "a\nb"}, {"h", "null"},
                             {"i", "{x}"},        {"j", "*x"},  {"k", "1e3"},  {"l", " x"},
                             {"m", "\"quoted\""}, {"n", "ü€"},  {"o", ".5"},   {"p", "x #y"}};
    const auto read = parse_yaml(to_yaml(texts));
    ASSERT_TRUE(read) << read.error().context;
    EXPECT_EQ(to_json(*read), json::value(texts)) << to_yaml(texts);
}

TEST(group_difference, says_what_is_added_altered_and_removed) {
    const auto before = read(
        "format: evergrass-group-1\ngroup: g\ndevices: [{thing: a}, {thing: b}]\n"
        "functions: [{name: f, alias: live, environment: {A: x, B: y}}]\n");
    const auto after = read(
        "format: evergrass-group-1\ngroup: g\nrole: r\ndevices: [{thing: b}, {thing: c}]\n"
        "functions: [{name: f, alias: live, timeoutSeconds: 9, environment: {A: z, B: y}}]\n");
    std::vector<std::string> lines;
    for (const auto& one : difference(before, after)) {
        lines.push_back(to_lines(one, false));
    }
    EXPECT_THAT(lines,
                ElementsAre("+ role\n    role: (none) -> r\n", "+ devices: c\n", "- devices: a\n",
                            "~ functions: f\n    environment.A: x -> z\n"
                            "    timeoutSeconds: (none) -> 9\n"));
    EXPECT_THAT(difference(after, after), IsEmpty());
}

TEST(group_difference, an_open_certificate_and_id_take_what_is_there) {
    const auto before = read(
        "format: evergrass-group-1\ngroup: g\ndevices:\n- thing: a\n  id: x\n"
        "  certificate: " +
        std::string(64, 'a') + "\n");
    const auto after = read("format: evergrass-group-1\ngroup: g\ndevices: [{thing: a}]\n");
    EXPECT_THAT(difference(before, after), IsEmpty());
    auto other = before;
    other["devices"].get_array()[0].get_object()["certificate"] = std::string(64, 'b');
    EXPECT_EQ(difference(before, other).size(), 1U);
}

TEST(group_from_api, a_subscription_by_another_qualifier_is_of_the_function) {
    const json::object api{
        {"Name", "g"},
        {"Functions",
         json::array{json::object{{"Id", "f1"}, {"FunctionArn", whose.function_arn("f", "live")}}}},
        {"Subscriptions", json::array{json::object{{"Id", "s"},
                                                   {"Source", whose.function_arn("f", "7")},
                                                   {"Subject", "t"},
                                                   {"Target", "cloud"},
                                                   {"Colour", "red"}}}}};
    std::vector<std::string> notes;
    const auto group = from_api(api, whose, &notes);
    EXPECT_EQ(group.at("subscriptions").at(0).at("from").get_string(), "function:f1");
    EXPECT_THAT(notes, ElementsAre(HasSubstr("Colour is not kept")));
}

std::string with_resource(const std::string& resource) {
    return "format: evergrass-group-1\ngroup: g\nresources: [{id: r, " + resource + "}]\n";
}

TEST(group_file, a_secret_says_where_its_value_is_and_never_what) {
    for (const auto* source : {"env:DB_PASSWORD", "file:secrets/db.json", "prompt"}) {
        const auto group =
            read(with_resource("secret: {name: db, valueFrom: '" + std::string(source) + "'}"));
        EXPECT_EQ(read(to_text(group)), group);
    }
    for (const auto* source : {"hunter2", "env:", "file:", "prompt:x", "ENV:A"}) {
        const auto fault =
            fault_of(with_resource("secret: {name: db, valueFrom: '" + std::string(source) + "'}"));
        EXPECT_THAT(fault, HasSubstr("resources[0].secret.valueFrom must say where the value is"));
        EXPECT_THAT(fault, testing::Not(HasSubstr("hunter2")));
    }
    EXPECT_THAT(fault_of(with_resource("secret: {valueFrom: prompt}")),
                HasSubstr("needs its name or its arn"));
    EXPECT_THAT(fault_of(with_resource("secret: {name: a, arn: b}")),
                HasSubstr("needs its name or its arn, one of them"));
    EXPECT_THAT(fault_of(with_resource("secret: {name: a, valueFrom: prompt, labels: [b]}")),
                HasSubstr("leave one out"));
    EXPECT_THAT(fault_of(with_resource("secret: {name: a, binary: true}")),
                HasSubstr("binary is said of a valueFrom"));
}

TEST(group_file, a_model_is_a_path_or_an_object) {
    read(with_resource("model: {path: net.zip, destination: /net}"));
    read(with_resource("model: {path: net.zip, s3: 's3://b/nets/', destination: /net}"));
    read(with_resource("model: {s3: 's3://b/net.zip', destination: /net}"));
    EXPECT_THAT(fault_of(with_resource("model: {destination: /net}")), HasSubstr("needs path"));
    EXPECT_THAT(fault_of(with_resource("model: {path: net.zip, s3: 's3://b/net.zip'}")),
                HasSubstr("resources[0].model.s3 beside a path is the folder"));
}

TEST(group_file, names_and_paths_of_resources_become_arns_and_objects_where_they_are_bound) {
    const auto group = read(
        "format: evergrass-group-1\ngroup: g\nresources:\n"
        "  - {id: db, secret: {name: db, valueFrom: prompt}}\n"
        "  - {id: net, model: {path: net.zip, destination: /net}}\n");
    bindings bound;
    EXPECT_EQ(json::serialize(to_api(group, bound)).find("S3Uri"), std::string::npos);
    bound.secrets["db"] = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf";
    bound.models["net"] = "s3://b/net.zip";
    const auto resources = to_api(group, bound).at("resources").at("Resources").as_array();
    EXPECT_EQ(json::serialize(resources[0].at("ResourceDataContainer")),
              R"({"SecretsManagerSecretResourceData":{"ARN":)"
              R"("arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"}})");
    EXPECT_EQ(json::serialize(resources[1].at("ResourceDataContainer")),
              R"({"S3MachineLearningModelResourceData":{"DestinationPath":"/net",)"
              R"("S3Uri":"s3://b/net.zip"}})");
}

}  // namespace
}  // namespace evergrass::group_file
