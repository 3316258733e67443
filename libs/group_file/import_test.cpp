#include "libs/group_file/import.hpp"

#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace evergrass::group_file {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

imported import(std::string_view text, std::map<std::string, std::string> parameters = {}) {
    const auto content = parse_yaml(text);
    EXPECT_TRUE(content) << content.error().context;
    auto made = import_any({{"file", content ? *content : node()}}, {std::move(parameters)});
    EXPECT_TRUE(made) << made.error().message();
    return made ? *made : imported();
}

std::string fault_of(std::string_view text, std::map<std::string, std::string> parameters = {}) {
    const auto content = parse_yaml(text);
    if (!content) {
        return content.error().context;
    }
    const auto made = import_any({{"file", *content}}, {std::move(parameters)});
    return made ? "none" : made.error().context;
}

// The group file that `text` is.
json::object group_of(std::string_view text) {
    const auto group = read_group(text);
    EXPECT_TRUE(group) << group.error().message();
    return group ? *group : json::object();
}

// What is printed is a group file that is read again.
void expect_group(const imported& made, std::string_view wanted) {
    EXPECT_TRUE(group_of(to_text(made.group)) == group_of(wanted)) << to_text(made.group);
}

// Of the structure of the developer guide's example: a definition and a version of each family,
// ARNs put together by Join, certificates and the function's ARN as parameters.
constexpr char definitions_and_versions[] = R"(
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  HubCertificate: {Type: String}
  ProbeCertificate: {Type: String}
  FilterVersion: {Type: String}
Resources:
  Hub:
    Type: 'AWS::IoT::Thing'
    Properties: {ThingName: orchard-hub}
  HubDefinition:
    Type: 'AWS::Greengrass::CoreDefinition'
    Properties: {Name: OrchardHubs}
  HubDefinitionVersion:
    Type: 'AWS::Greengrass::CoreDefinitionVersion'
    Properties:
      CoreDefinitionId: !Ref HubDefinition
      Cores:
        - Id: hub
          CertificateArn: !Ref HubCertificate
          SyncShadow: 'false'
          ThingArn: !Join
            - ':'
            - - 'arn:aws:iot'
              - !Ref 'AWS::Region'
              - !Ref 'AWS::AccountId'
              - thing/orchard-hub
  ProbeDefinition:
    Type: 'AWS::Greengrass::DeviceDefinition'
    Properties: {Name: OrchardProbes}
  ProbeDefinitionVersion:
    Type: 'AWS::Greengrass::DeviceDefinitionVersion'
    Properties:
      DeviceDefinitionId: !GetAtt
        - ProbeDefinition
        - Id
      Devices:
        - Id: probe
          CertificateArn: !Ref ProbeCertificate
          SyncShadow: 'true'
          ThingArn: !Sub 'arn:aws:iot:${AWS::Region}:${AWS::AccountId}:thing/probe-1'
  FunctionDefinition:
    Type: 'AWS::Greengrass::FunctionDefinition'
    Properties: {Name: OrchardFunctions}
  FunctionDefinitionVersion:
    Type: 'AWS::Greengrass::FunctionDefinitionVersion'
    Properties:
      FunctionDefinitionId: !GetAtt [FunctionDefinition, Id]
      DefaultConfig: {Execution: {IsolationMode: GreengrassContainer}}
      Functions:
        - Id: filter
          FunctionArn: !Ref FilterVersion
          FunctionConfiguration:
            Pinned: 'true'
            Executable: filter.bin
            ExecArgs: --quick
            MemorySize: '65536'
            Timeout: '40'
            EncodingType: binary
            Environment:
              Variables: {LEVEL: high}
              ResourceAccessPolicies:
                - {ResourceId: port, Permission: ro}
                - {ResourceId: disk, Permission: rw}
              AccessSysfs: 'false'
              Execution:
                IsolationMode: GreengrassContainer
                RunAs: {Uid: '7', Gid: '70'}
  LoggerDefinition:
    Type: 'AWS::Greengrass::LoggerDefinition'
    Properties: {Name: OrchardLogs}
  LoggerDefinitionVersion:
    Type: 'AWS::Greengrass::LoggerDefinitionVersion'
    Properties:
      LoggerDefinitionId: !Ref LoggerDefinition
      Loggers:
        - {Id: l1, Type: AWSCloudWatch, Component: GreengrassSystem, Level: WARN}
  ResourceDefinition:
    Type: 'AWS::Greengrass::ResourceDefinition'
    Properties: {Name: OrchardResources}
  ResourceDefinitionVersion:
    Type: 'AWS::Greengrass::ResourceDefinitionVersion'
    Properties:
      ResourceDefinitionId: !Ref ResourceDefinition
      Resources:
        - Id: port
          Name: SerialPort
          ResourceDataContainer:
            LocalDeviceResourceData:
              SourcePath: /dev/ttyS9
              GroupOwnerSetting: {AutoAddGroupOwner: 'false', GroupOwner: dialout}
        - Id: disk
          Name: Store
          ResourceDataContainer:
            LocalVolumeResourceData:
              SourcePath: /srv/orchard
              DestinationPath: /store
              GroupOwnerSetting: {AutoAddGroupOwner: 'true'}
  SubscriptionDefinition:
    Type: 'AWS::Greengrass::SubscriptionDefinition'
    Properties: {Name: OrchardWays}
  SubscriptionDefinitionVersion:
    Type: 'AWS::Greengrass::SubscriptionDefinitionVersion'
    Properties:
      SubscriptionDefinitionId: !Ref SubscriptionDefinition
      Subscriptions:
        - Id: way-1
          Source: !Join [':', ['arn:aws:iot', !Ref 'AWS::Region', !Ref 'AWS::AccountId', thing/probe-1]]
          Subject: soil/moisture
          Target: !Ref FilterVersion
  Group:
    Type: 'AWS::Greengrass::Group'
    Properties:
      Name: orchard
      RoleArn: !Join [':', ['arn:aws:iam:', !Ref 'AWS::AccountId', role/orchard-role]]
      InitialVersion:
        CoreDefinitionVersionArn: !Ref HubDefinitionVersion
        DeviceDefinitionVersionArn: !Ref ProbeDefinitionVersion
        FunctionDefinitionVersionArn: !Ref FunctionDefinitionVersion
        SubscriptionDefinitionVersionArn: !Ref SubscriptionDefinitionVersion
        LoggerDefinitionVersionArn: !Ref LoggerDefinitionVersion
        ResourceDefinitionVersionArn: !Ref ResourceDefinitionVersion
      Tags: {season: all}
Outputs:
  Command:
    Value: !Join [' ', [groupID=$(cut -d/ -f6 <<<, !GetAtt Group.LatestVersionArn, ')']]
)";

const std::map<std::string, std::string> orchard_parameters = {
    {"HubCertificate", "arn:aws:iot:eu-west-1:210987654321:cert/" + std::string(64, 'a')},
    {"ProbeCertificate", "arn:aws:iot:eu-west-1:210987654321:cert/" + std::string(64, 'b')},
    {"FilterVersion", "arn:aws:lambda:eu-west-1:210987654321:function:filter:4"}};

TEST(import_template, of_definitions_and_versions) {
    const auto made = import(definitions_and_versions, orchard_parameters);
    expect_group(made, R"(
format: evergrass-group-1
group: orchard
role: orchard-role
tags: {season: all}
core: {thing: orchard-hub, id: hub, certificate: )" +
                           std::string(64, 'a') + R"(}
devices: [{thing: probe-1, id: probe, syncShadow: true, certificate: )" +
                           std::string(64, 'b') + R"(}]
defaults: {isolation: GreengrassContainer}
functions:
  - name: filter
    version: 4
    pinned: true
    timeoutSeconds: 40
    memoryKb: 65536
    encoding: binary
    executable: filter.bin
    arguments: --quick
    isolation: GreengrassContainer
    uid: 7
    gid: 70
    environment: {LEVEL: high}
    resources: {port: ro, disk: rw}
resources:
  - {id: port, name: SerialPort, device: {source: /dev/ttyS9, autoAddGroupOwner: false, groupOwner: dialout}}
  - {id: disk, name: Store, volume: {source: /srv/orchard, destination: /store, autoAddGroupOwner: true}}
subscriptions:
  - {from: thing:probe-1, subject: soil/moisture, to: function:filter, id: way-1}
loggers:
  - {component: GreengrassSystem, level: WARN, type: AWSCloudWatch, id: l1}
)");
    EXPECT_THAT(made.notes, IsEmpty());
}

// Of the structure of templates that make everything themselves: functions with their versions and
// aliases, certificates by a custom resource, definitions with an InitialVersion. JSON.
constexpr char with_functions[] = R"({
 "AWSTemplateFormatVersion": "2010-09-09",
 "Parameters": {"Site": {"Type": "String", "Default": "north"},
                "Debug": {"Type": "String", "Default": "no"},
                "Bucket": {"Type": "String", "Default": "builds"}},
 "Conditions": {"IsDebug": {"Fn::Equals": [{"Ref": "Debug"}, "yes"]}},
 "Mappings": {"Sizes": {"north": {"memory": 32768}}},
 "Resources": {
  "Keys": {"Type": "Custom::Keys", "Properties": {"ServiceToken": {"Fn::ImportValue": "keys"}}},
  "Core": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Fn::Sub": "${Site}-core"}}},
  "CoreJoin": {"Type": "AWS::IoT::ThingPrincipalAttachment",
               "Properties": {"Principal": {"Fn::GetAtt": ["Keys", "certificateArn"]},
                              "ThingName": {"Ref": "Core"}}},
  "Meter": {"Type": "AWS::Lambda::Function",
            "Properties": {"FunctionName": {"Fn::Join": ["-", [{"Ref": "Site"}, "meter"]]},
                           "Runtime": "python3.8", "Handler": "meter.handler",
                           "Code": {"S3Bucket": {"Ref": "Bucket"}, "S3Key": "meter.zip"},
                           "Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
  "Mill": {"Type": "AWS::Serverless::Function",
           "Properties": {"CodeUri": "./mill", "Runtime": "python3.8", "Handler": "mill.handler",
                          "AutoPublishAlias": "live"}},
  "MeterVersion": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Meter"}}},
  "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
  "Cores": {"Type": "AWS::Greengrass::CoreDefinition", "Properties": {"Name": "c", "InitialVersion":
    {"Cores": [{"Id": {"Fn::Select": [1, {"Fn::Split": ["/", "a/core-id"]}]},
                "ThingArn": {"Fn::GetAtt": ["Core", "Arn"]},
                "CertificateArn": {"Fn::GetAtt": ["Keys", "certificateArn"]}, "SyncShadow": true}]}}},
  "Functions": {"Type": "AWS::Greengrass::FunctionDefinition", "Properties": {"InitialVersion":
    {"Functions": [{"Id": "north-meter", "FunctionArn": {"Ref": "MeterVersion"},
                    "FunctionConfiguration": {
                      "MemorySize": {"Fn::FindInMap": ["Sizes", {"Ref": "Site"}, "memory"]},
                      "Pinned": {"Fn::If": ["IsDebug", false, true]},
                      "Timeout": {"Ref": "AWS::NoValue"}}},
                   {"Id": "mill", "FunctionArn": {"Ref": "Mill.Alias"},
                    "FunctionConfiguration": {"Pinned": false}}]}}},
  "Ways": {"Type": "AWS::Greengrass::SubscriptionDefinition", "Properties": {"InitialVersion":
    {"Subscriptions": [{"Id": "up", "Source": {"Ref": "MeterVersion"},
                        "Subject": {"Fn::Sub": ["${place}/meter", {"place": {"Ref": "Site"}}]},
                        "Target": "cloud"}]}}},
  "Chatty": {"Type": "AWS::Greengrass::LoggerDefinition", "Condition": "IsDebug", "Properties": {}},
  "Group": {"Type": "AWS::Greengrass::Group", "Properties": {"Name": "meters", "InitialVersion": {
    "CoreDefinitionVersionArn": {"Fn::GetAtt": ["Cores", "LatestVersionArn"]},
    "FunctionDefinitionVersionArn": {"Fn::GetAtt": ["Functions", "LatestVersionArn"]},
    "SubscriptionDefinitionVersionArn": {"Fn::GetAtt": ["Ways", "LatestVersionArn"]}}}}
 }})";

TEST(import_template, of_functions_that_it_makes) {
    const auto made = import(with_functions);
    expect_group(made, R"(
format: evergrass-group-1
group: meters
core: {thing: north-core, id: core-id, syncShadow: true}
functions:
  - {name: north-meter, code: functions/north-meter, runtime: python3.8, handler: meter.handler, pinned: true, memoryKb: 32768}
  - {name: Mill, id: mill, code: ./mill, runtime: python3.8, handler: mill.handler, alias: live}
subscriptions:
  - {from: function:north-meter, subject: north/meter, to: cloud, id: up}
)");
    EXPECT_THAT(made.notes, Contains(HasSubstr("s3://builds/meter.zip")));
    EXPECT_THAT(made.notes, Contains(HasSubstr("Keys (Custom::Keys) is not kept")));
    EXPECT_THAT(made.notes, Contains(HasSubstr("certificate of 'north-core'")));
}

// Of the structure of a public accelerator's template: a name that AWS makes up goes into a
// function's environment, one into a connector and a model.
TEST(import_template, what_aws_makes_up_is_to_be_filled_in_and_said) {
    const auto made = import(R"(
Resources:
  Stream: {Type: AWS::KinesisFirehose::DeliveryStream}
  Job: {Type: Custom::NewestJob, Properties: {ServiceToken: x}}
  Sender:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: sender, Runtime: python3.7, Handler: sender.handler, Code: ./sender}
  SenderVersion: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt Sender.Arn}}
  Functions:
    Type: AWS::Greengrass::FunctionDefinition
    Properties:
      InitialVersion:
        Functions:
          - Id: sender
            FunctionArn: !Ref SenderVersion
            FunctionConfiguration: {Environment: {Variables: {STREAM: !Ref Stream}}}
  Things:
    Type: AWS::Greengrass::ResourceDefinition
    Properties:
      InitialVersion:
        Resources:
          - Id: net
            Name: net
            ResourceDataContainer:
              SageMakerMachineLearningModelResourceData:
                SageMakerJobArn: !GetAtt Job.TrainingJobArn
                DestinationPath: /net
  Group:
    Type: AWS::Greengrass::Group
    Properties:
      Name: senders
      InitialVersion:
        FunctionDefinitionVersionArn: !GetAtt Functions.LatestVersionArn
        ResourceDefinitionVersionArn: !GetAtt Things.LatestVersionArn
)");
    EXPECT_EQ(made.group.at("functions").at(0).at("environment").at("STREAM").get_string(),
              "FILL-IN-Stream");
    EXPECT_EQ(made.group.at("resources").at(0).at("sageMakerModel").at("jobArn").get_string(),
              "FILL-IN-Job");
    EXPECT_THAT(made.notes,
                Contains(HasSubstr("functions[sender].environment.STREAM is not known")));
    EXPECT_THAT(made.notes,
                Contains(HasSubstr("resources[net].sageMakerModel.jobArn is not known")));
}

TEST(import_template, sam_s_globals_are_of_all_its_functions) {
    const auto made = import(R"(
Transform: AWS::Serverless-2016-10-31
Parameters: {Python: {Type: String, Default: python3.7}}
Globals: {Function: {Runtime: !Ref Python, Timeout: 3, AutoPublishAlias: live}}
Resources:
  Grinder:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: grinder, CodeUri: ./grinder, Handler: grinder.handler}
  Sieve:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: sieve
      CodeUri: ./sieve
      Handler: sieve.handler
      Runtime: nodejs12.x
      AutoPublishAlias: own
  Functions:
    Type: AWS::Greengrass::FunctionDefinition
    Properties:
      InitialVersion:
        Functions:
          - {Id: grinder, FunctionArn: !Ref Grinder.Alias, FunctionConfiguration: {Pinned: true}}
          - {Id: sieve, FunctionArn: !Ref Sieve.Alias, FunctionConfiguration: {Pinned: true}}
  Group:
    Type: AWS::Greengrass::Group
    Properties:
      Name: mill
      InitialVersion: {FunctionDefinitionVersionArn: !GetAtt Functions.LatestVersionArn}
)");
    expect_group(made, R"(
format: evergrass-group-1
group: mill
functions:
  - {name: grinder, code: ./grinder, runtime: python3.7, handler: grinder.handler, alias: live, pinned: true}
  - {name: sieve, code: ./sieve, runtime: nodejs12.x, handler: sieve.handler, alias: own, pinned: true}
)");
}

TEST(import_template, a_parameter_that_it_does_not_have_is_said) {
    const auto made = import(with_functions, {{"Site", "north"}, {"Sitte", "south"}});
    EXPECT_THAT(made.notes, Contains("The template has no parameter Sitte."));
}

TEST(import_template, parameters_choose) {
    const auto made = import(with_functions, {{"Site", "north"}, {"Debug", "yes"}});
    EXPECT_FALSE(made.group.at("functions").at(0).as_object().contains("pinned"));
}

TEST(import_template, faults_name_the_function_and_the_line) {
    EXPECT_THAT(fault_of(definitions_and_versions),
                HasSubstr("the parameter HubCertificate has no default: say --parameter "
                          "HubCertificate=VALUE"));
    constexpr char transformed[] =
        "Resources:\n  G:\n    Type: AWS::Greengrass::Group\n    Properties:\n"
        "      Name: !Transform {Name: x}\n";
    EXPECT_THAT(fault_of(transformed), HasSubstr("5:13: Fn::Transform is not evaluated by import"));
    EXPECT_THAT(fault_of("Resources:\n  G:\n    Type: AWS::Greengrass::Group\n    Properties:\n"
                         "      Name: !Ref Nobody\n"),
                HasSubstr("5:13: the template has no parameter or resource Nobody"));
    EXPECT_THAT(fault_of("Resources:\n  A: {Type: AWS::IoT::Thing}\n"),
                HasSubstr("no AWS::Greengrass::Group"));
}

TEST(import_template, circles_and_growth_end) {
    EXPECT_THAT(fault_of("Resources:\n"
                         "  A: {Type: AWS::IoT::Thing, Properties: {ThingName: !Ref B}}\n"
                         "  B: {Type: AWS::IoT::Thing, Properties: {ThingName: !Ref A}}\n"
                         "  G: {Type: AWS::Greengrass::Group, Properties: {Name: !Ref A}}\n"),
                HasSubstr("circle"));
    EXPECT_THAT(fault_of("Conditions: {A: !Condition B, B: !Condition A}\n"
                         "Resources:\n"
                         "  G: {Type: AWS::Greengrass::Group, Condition: A}\n"),
                HasSubstr("circle"));
    std::string growing = "Resources:\n";
    for (int i = 0; i < 40; ++i) {
        growing += "  T" + std::to_string(i) +
                   ": {Type: AWS::IoT::Thing, Properties: {ThingName: !Sub '${T" +
                   std::to_string(i + 1) + "}${T" + std::to_string(i + 1) + "}'}}\n";
    }
    growing +=
        "  T40: {Type: AWS::IoT::Thing}\n"
        "  G: {Type: AWS::Greengrass::Group, Properties: {Name: !Ref T0}}\n";
    EXPECT_THAT(fault_of(growing),
                testing::AnyOf(HasSubstr("too large"), HasSubstr("longer than")));
}

// Of the structure of greengo's own examples.
constexpr char greengo[] = R"(# a group
Group:
  name: barn
Cores:
  - name: barn_core
    key_path: ./keys
    config_path: ./conf
    SyncShadow: True
Lambdas:
  - name: feeder
    handler: feeder.handle
    package: lambdas/feeder
    alias: test
    runtime: python3.8
    environment:
      a: b
    greengrassConfig:
      MemorySize: 64000 # KB
      Timeout: 12
      Pinned: True
      Environment:
        AccessSysfs: False
        ResourceAccessPolicies:
          - ResourceId: r1
            Permission: 'rw'
        Variables:
           mood: calm
Subscriptions:
  - Source: Lambda::feeder
    Subject: feed/done
    Target: cloud
  - Source: Device::scale
    Target: GGShadowService
    Subject: $aws/things/scale/shadow/update
Resources:
  - Name: hay
    Id: r1
    LocalVolumeResourceData:
      SourcePath: /hay
      DestinationPath: /in
      GroupOwnerSetting:
        AutoAddGroupOwner: True
Loggers:
  - Component: Lambda
    Id: log_1
    Level: DEBUG
    Space: 2048
    Type: FileSystem
Devices:
  - name: scale
    key_path: ./keys
    SyncShadow: False
)";

TEST(import_greengo, of_all_sections) {
    const auto made = import(greengo);
    expect_group(made, R"(
format: evergrass-group-1
group: barn
core: {thing: barn_core, syncShadow: true}
devices: [{thing: scale}]
functions:
  - name: feeder
    code: lambdas/feeder
    runtime: python3.8
    handler: feeder.handle
    alias: test
    pinned: true
    timeoutSeconds: 12
    memoryKb: 64000
    environment: {mood: calm}
    resources: {r1: rw}
resources:
  - {id: r1, name: hay, volume: {source: /hay, destination: /in, autoAddGroupOwner: true}}
subscriptions:
  - {from: function:feeder, subject: feed/done, to: cloud}
  - {from: thing:scale, subject: $aws/things/scale/shadow/update, to: shadow}
loggers:
  - {component: Lambda, level: DEBUG, spaceKb: 2048, id: log_1}
)");
    EXPECT_THAT(made.notes, Contains(HasSubstr("'environment' of function 'feeder'")));
    EXPECT_EQ(made.notes.size(), 2U);  // and key_path
    EXPECT_THAT(fault_of("Group: {name: g}\nSubscriptions: [{Source: Lamda::x, Target: cloud}]\n"),
                HasSubstr("2:26: Source 'Lamda::x' must be"));
}

TEST(import_greengo, what_has_no_field_is_said) {
    const auto made = import(
        "Group: {name: g}\nCores: [{name: c}]\nBuckets: [b]\n"
        "Lambdas: [{name: f, alias: dev, tracing: on, greengrassConfig: {Priority: 1}}]\n"
        "Resources: [{Id: r, Name: r, RamDiskResourceData: {Size: 1}}]\n");
    for (const auto* told : {"'Buckets' of the file", "'tracing' of function 'f'",
                             "'FunctionConfiguration.Priority' of function 'f'",
                             "'RamDiskResourceData' of resource 'r'"}) {
        EXPECT_THAT(made.notes, Contains(HasSubstr(told)));
    }
}

TEST(import_greengo, a_lambda_without_a_package_is_one_that_is_published) {
    const auto made = import(
        "Group: {name: g}\nCores: [{name: c}]\n"
        "Lambdas: [{name: older, alias: dev, greengrassConfig: {Pinned: True}}]\n");
    expect_group(made, R"(
format: evergrass-group-1
group: g
core: {thing: c}
functions: [{name: older, alias: dev, pinned: true}]
)");
}

// tests/fixtures/saved-answers/README.md says whose structure it is.
std::vector<source_file> saved_answers() {
    std::vector<source_file> files;
    for (const auto& each :
         std::filesystem::directory_iterator(EVERGRASS_SOURCES "/tests/fixtures/saved-answers")) {
        if (each.path().extension() == ".json") {
            const auto read = parse_yaml(read_file(each.path()).value());
            EXPECT_TRUE(read) << each.path();
            files.push_back({each.path().filename().string(), read ? *read : node()});
        }
    }
    std::ranges::sort(files, {}, &source_file::name);
    return files;
}

constexpr char of_saved_answers[] = R"(
format: evergrass-group-1
group: BoilerHouse2
role: service-role/BoilerHouse_Role
tags: {Site: North, Line: "2"}
certificateExpiryMs: 1209600000
core:
  thing: BoilerHouse2_Core
  id: core-of-boiler-house
  certificate: 0d45f5fd462b8c70bffb10021ac1bcff3f58f29b1faf7568595095427d42812c
devices:
  - thing: Burner
    certificate: 67b8ea9ae3c31ecb78013c925ff237dd1a7e72845a7f8c99280be25258c0d105
    syncShadow: true
  - thing: FlueProbe
    certificate: 6cbb89436a2d6716889d27fc7b41e5ff10f93600f9541234658517035dd8bd46
    syncShadow: true
functions:
  - name: GGIPDetector
    id: ip-detector
    arn: "arn:aws:lambda:::function:GGIPDetector:1"
    pinned: true
    memoryKb: 32768
  - name: Boiler_Watch
    id: watch
    runtime: python3.7
    handler: watch.function_handler
    alias: BW_Live
    pinned: true
    timeoutSeconds: 25
    resources: {probe-port: rw}
connectors:
  - id: AlarmByMail
    arn: arn:aws:greengrass:eu-west-1::/connectors/SNS/versions/4
    parameters: {DefaultSNSArn: "arn:aws:sns:eu-west-1:444455556666:BoilerAlarms"}
resources:
  - {id: probe-port, device: {source: /dev/ttyUSB0, autoAddGroupOwner: false}}
subscriptions:
  - {from: thing:FlueProbe, subject: flue/heat, to: function:watch, id: heat}
  - {from: function:watch, subject: sns/message, to: connector:AlarmByMail, id: alarm}
  - {from: function:watch, subject: boiler/state, to: cloud, id: told}
)";

TEST(import_saved_answers, are_put_together) {
    auto files = saved_answers();
    ASSERT_EQ(files.size(), 13U);
    const auto made = import_any(files, {});
    ASSERT_TRUE(made) << made.error().message();
    expect_group(*made, of_saved_answers);
    // Nothing is left out, and nothing is said but that no answer has a function's code.
    EXPECT_THAT(made->notes, ElementsAre(HasSubstr("The code of function 'Boiler_Watch'")));
    std::ranges::reverse(files);
    const auto again = import_any(files, {});
    ASSERT_TRUE(again) << again.error().message();
    expect_group(*again, of_saved_answers);
}

TEST(import_saved_answers, what_is_no_answer_of_a_group_is_said) {
    auto files = saved_answers();
    files.push_back({"other.json", *parse_yaml(R"({"Unrelated": 1})")});
    const auto made = import_any(files, {});
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_THAT(made->notes, Contains(HasSubstr("other.json is not kept")));
}

TEST(import_saved_answers, a_validity_is_a_number_or_its_digits) {
    for (const auto* value : {"604800001", "\"604800001\""}) {
        const auto made = import("{\"CertificateExpiryInMilliseconds\": " + std::string(value) +
                                 ", \"GroupId\": \"g\"}");
        EXPECT_EQ(int_member(made.group, "certificateExpiryMs"), 604'800'001) << value;
    }
    EXPECT_THAT(fault_of("{\"CertificateExpiryInMilliseconds\": \"7 days\"}"),
                HasSubstr("none of it is a group's"));
}

TEST(import_saved_answers, a_part_that_was_forgotten_or_is_of_another_version_is_said) {
    const std::string definition =
        "arn:aws:greengrass:eu-west-1:210987654321:/greengrass/definition/";
    const std::vector<std::string> answers = {
        R"({"Definition": {"CoreDefinitionVersionArn": ")" + definition +
            R"(cores/c/versions/1", "DeviceDefinitionVersionArn": ")" + definition +
            R"(devices/d/versions/1"}, "Id": "g1"})",
        R"({"Arn": ")" + definition +
            R"(cores/c/versions/2", "Definition": {"Cores": [{"Id": "c", "ThingArn": )"
            R"("arn:aws:iot:eu-west-1:210987654321:thing/mill-core"}]}})"};
    std::vector<source_file> files;
    for (const auto& text : answers) {
        files.push_back({"answer", *parse_yaml(text)});
    }
    const auto made = import_any(files, {});
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_THAT(made->notes, Contains(HasSubstr("Of the group's devices nothing is in the files")));
    EXPECT_THAT(made->notes, Contains(HasSubstr("What is kept of core is of " + definition +
                                                "cores/c/versions/2, and the group's version")));
}

TEST(import_saved_answers, what_is_no_group_is_refused) {
    EXPECT_THAT(fault_of("{\"a\": 1}"), HasSubstr("none of it is a group's"));
    EXPECT_THAT(fault_of("[1]"), HasSubstr("must be an object"));
    EXPECT_THAT(fault_of("format: evergrass-group-1\ngroup: g\n"),
                HasSubstr("1:1: this is a group file already"));
}

}  // namespace
}  // namespace evergrass::group_file
