#pragma once

#include "libs/base/file.hpp"
#include "libs/base/time.hpp"
#include "libs/pki/pki.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdlib.h>
#include <string>
#include <string_view>

// For the tests of this folder: trees of V1 cores as spec/on-disk.md §13 lists them, written by us
// from the documented shapes. Every name and number is made up.
namespace evergrass::v1 {

inline const std::string account = "111122223333";
inline const std::string region = "eu-north-1";
inline const std::string group_id = "0a1b2c3d-0000-4000-8000-000000000001";

class test_tree {
public:
    test_tree() {
        std::string pattern = ::testing::TempDir() + "evergrass-v1-XXXXXX";
        root = ::mkdtemp(pattern.data());
        key = pki::generate_ec_key();
        pki::certificate_request wanted;
        wanted.common_name = "AWS IoT Certificate";
        wanted.not_before = wall_time();
        wanted.not_after = wall_time(std::chrono::seconds(2'000'000'000));
        certificate = *pki::make_self_signed(wanted, key);
        certificate_id = pki::read_certificate(certificate)->id;
    }
    test_tree(const test_tree&) = delete;
    test_tree& operator=(const test_tree&) = delete;
    ~test_tree() {
        std::error_code failed;
        std::filesystem::remove_all(root, failed);
    }

    void write(const std::filesystem::path& path, std::string_view text) const {
        std::filesystem::create_directories((root / path).parent_path());
        ASSERT_TRUE(write_file_atomically(root / path, text));
    }

    std::string thing_arn(const std::string& name) const {
        return "arn:" + partition + ":iot:" + region + ":" + account + ":thing/" + name;
    }
    std::string certificate_arn(const std::string& id) const {
        return "arn:" + partition + ":iot:" + region + ":" + account + ":cert/" + id;
    }
    std::string function_arn(const std::string& name) const {
        return "arn:" + partition + ":lambda:" + region + ":" + account + ":function:" + name;
    }

    void add_credentials(const std::string& folder = "certs") const {
        write(folder + "/c1.cert.pem", certificate);
        write(folder + "/c1.private.key", key);
        write(folder + "/root.ca.pem", "not looked at");
    }
    std::string legacy_config() const {
        return R"({"coreThing": {"caPath": "root.ca.pem", "certPath": "c1.cert.pem",
            "keyPath": "c1.private.key", "thingArn": ")" +
               thing_arn("Pump7_Core") +
               R"(", "iotHost": "x-ats.iot.eu-north-1.amazonaws.com",
            "ggHost": "greengrass-ats.iot.eu-north-1.amazonaws.com"}, "runtime": {"cgroup":
            {"useSystemd": "yes"}}})";
    }

    // a) the whole of it: a core, a device, a function with its code, and one of each of the rest.
    std::string group() const {
        return R"({
  "$Schema": null,
  "Arn": "arn:)" +
               partition + ":greengrass:" + region + ":" + account + ":/greengrass/groups/" +
               group_id + R"(/versions/0a1b2c3d-0000-4000-8000-000000000002",
  "Version": null,
  "Region": ")" +
               region + R"(",
  "Cores": [{"thingArn": ")" +
               thing_arn("Pump7_Core") + R"(", "certArn": ")" + certificate_arn(certificate_id) +
               R"("}],
  "Devices": [{"thingArn": ")" +
               thing_arn("Valve1") + R"(", "certArn": ")" +
               certificate_arn(std::string(62, '0') + "d1") + R"("}],
  "GroupDefinitions": {
    "Resources": {"ref": null, "Content": [{"Id": "spool-dir", "Type": "LOCAL_VOLUME",
      "Data": {"type": "LocalVolumeResourceData", "SourcePath": "/srv/spool",
        "DestinationPath": "/spool", "GroupOwnerSetting": {"AutoAddGroupOwner": true}}}]},
    "Lambdas": {"ref": null, "Content": [{
      "FunctionArn": ")" +
               function_arn("pump-control") + R"(:7",
      "ArtifactArn": "arn:aws:greengrass:eu-north-1:111122223333:/greengrass/groups/)" +
               group_id +
               R"(/deployments/0a1b2c3d-0000-4000-8000-000000000003/artifacts/lambda/x",
      "DeploymentConfiguration": {"Priority": 1, "Pinned": true, "CodeSha256": "AAAA",
        "CodeSize": 2048, "Description": "", "Handler": "pump.handler", "MemorySize": 65536,
        "Timeout": 25, "EncodingType": "json", "Runtime": "python3.7",
        "Environment": {"Variables": {"PERIOD_S": "5"},
          "ResourceAccessPolicies": [{"ResourceId": "spool-dir", "Permission": "rw"}],
          "AccessSysfs": false}}}]},
    "Subscriptions": {"ref": null, "Content": [{
      "Source": ")" +
               function_arn("pump-control") + R"(:7", "Subject": "pump/7/state",
      "Target": "cloud"}]},
    "Logging": {"Content": [
      {"Type": "FileSystem", "Component": "GreengrassSystem", "Level": "INFO", "Space": 128}]},
    "ShadowSync": {"ref": null, "Content": []},
    "ClientCertFingerprints": {"Content": []}
  }
})";
    }
    void add_code(const std::string& folder) const {
        write("ggc/deployment/lambda/" + folder + "/pump.py", "def handler(e, c):\n    pass\n");
    }
    // A core of 1.9 with all of it.
    void make_whole() const {
        add_credentials();
        write("config/config.json", legacy_config());
        write("ggc/packages/1.9.2/runtime/marker", "");
        write("ggc/deployment/group/group.json", group());
        add_code(function_arn("pump-control") + ":7");
    }

    std::filesystem::path root;
    std::string partition = "aws";
    std::string key;
    std::string certificate;
    std::string certificate_id;
};

// 3.6: the file of a core that was never deployed.
inline constexpr std::string_view initial_group = R"({"Version": "test group version",
  "Region": null, "Cores": [], "Devices": [], "GroupDefinitions": {"Logging": {"Content": [
  {"Type": "FileSystem", "Component": "GreengrassSystem", "Level": "DEBUG", "Space": 128}]},
  "Lambdas": {"ref": null, "Content": []}, "Subscriptions": {"ref": null, "Content": []},
  "ShadowSync": {"ref": null, "Content": []}}})";

}  // namespace evergrass::v1
