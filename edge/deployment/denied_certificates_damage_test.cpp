#include "edge/deployment/denied_certificates.hpp"
#include "edge/deployment/test_directory.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string id(char digit) {
    return std::string(64, digit);
}

contract::group_member device(const std::string& name, char certificate) {
    return {name, "arn:aws:iot:us-east-1:123456789012:thing/" + name,
            "arn:aws:iot:us-east-1:123456789012:cert/" + id(certificate), false};
}

struct denied_certificates_damage : testing::Test {
    test_directory dir;
    fs::path file = dir.path() / "state/denied.json";
    denied_certificates denied{file, logger()};

    static std::vector<std::string> admitted(const denied_certificates& by, std::string running) {
        contract::manifest m;
        m.deployment_id = std::move(running);
        m.devices = {device("lamp", 'a'), device("pump", 'b')};
        std::vector<std::string> names;
        for (const auto& each : by.admitted(m)) {
            names.push_back(each.id);
        }
        return names;
    }
    denied_certificates restarted() {
        denied_certificates again(file, logger());
        again.load();
        return again;
    }
};

TEST_F(denied_certificates_damage, no_file_denies_nobody) {
    denied.load();
    EXPECT_THAT(admitted(denied, "d1"), ElementsAre("lamp", "pump"));
    EXPECT_EQ(denied.version("d1"), "");
}

TEST_F(denied_certificates_damage, who_was_denied_is_denied_after_a_restart) {
    ASSERT_TRUE(denied.take({"d1", "v1", {id('b')}, {}, ""}, "d1"));
    const auto again = restarted();
    EXPECT_THAT(admitted(again, "d1"), ElementsAre("lamp"));
    EXPECT_EQ(again.version("d1"), "v1");
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(denied_certificates_damage, the_next_deployment_and_a_newer_answer_admit_again) {
    ASSERT_TRUE(denied.take({"d1", "v1", {id('b')}, {}, ""}, "d1"));
    EXPECT_THAT(admitted(denied, "d2"), ElementsAre("lamp", "pump"));
    EXPECT_EQ(denied.version("d2"), "") << "the service is asked whether it holds for d2 too";
    ASSERT_TRUE(denied.take({"d1", "", {}, {}, ""}, "d1"));
    EXPECT_THAT(admitted(restarted(), "d1"), ElementsAre("lamp", "pump"));
}

TEST_F(denied_certificates_damage, an_answer_of_another_deployment_only_denies_more) {
    ASSERT_TRUE(denied.take({"d1", "v1", {id('b')}, {}, ""}, "d1"));
    ASSERT_TRUE(denied.take({"d2", "", {}, {}, ""}, "d1"));
    EXPECT_THAT(admitted(denied, "d1"), ElementsAre("lamp"));
    ASSERT_TRUE(denied.take({"d2", "v2", {id('a')}, {}, ""}, "d1"));
    EXPECT_THAT(admitted(denied, "d1"), IsEmpty());
    EXPECT_EQ(denied.version("d1"), "v2") << "or each poll would end at once";
}

TEST_F(denied_certificates_damage, a_device_whose_certificate_was_detached_is_denied_alone) {
    ASSERT_TRUE(denied.take({"d1", "v1", {}, {"pump"}, ""}, "d1"));
    EXPECT_THAT(admitted(denied, "d1"), ElementsAre("lamp"));
    EXPECT_THAT(admitted(restarted(), "d1"), ElementsAre("lamp"));
    EXPECT_THAT(admitted(denied, "d2"), ElementsAre("lamp", "pump"));
    ASSERT_TRUE(denied.take({"d0", "v0", {}, {"lamp"}, ""}, "d1"));
    EXPECT_THAT(admitted(denied, "d1"), IsEmpty()) << "of another deployment: only more";
    ASSERT_TRUE(denied.take({"d1", "", {}, {}, ""}, "d1"));
    EXPECT_THAT(admitted(restarted(), "d1"), ElementsAre("lamp", "pump"));
}

TEST_F(denied_certificates_damage, a_file_of_an_earlier_build_has_no_things) {
    ASSERT_TRUE(make_directories(file.parent_path()));
    ASSERT_TRUE(write_file_atomically(
        file, R"({"deploymentId": "d1", "version": "v", "certificates": [")" + id('b') + R"("]})"));
    EXPECT_THAT(admitted(restarted(), "d1"), ElementsAre("lamp"));
}

TEST_F(denied_certificates_damage, truncated_denied_json_admits_nobody_until_the_service_has_said) {
    ASSERT_TRUE(denied.take({"d1", "v1", {id('b')}, {}, ""}, "d1"));
    const auto whole = read_file(file).value();
    for (std::size_t size = 0; size + 2 < whole.size(); ++size) {  // "}" and a line's end
        ASSERT_TRUE(write_file_atomically(file, whole.substr(0, size)));
        EXPECT_THAT(admitted(restarted(), "d1"), IsEmpty()) << size;
    }
    auto again = restarted();
    EXPECT_EQ(again.version("d1"), "unknown");
    ASSERT_TRUE(again.take({"d0", "v0", {}, {}, ""}, "d1"));
    EXPECT_THAT(admitted(again, "d1"), IsEmpty()) << "that was of another deployment";
    EXPECT_EQ(again.version("d1"), "v0");
    ASSERT_TRUE(again.take({"d1", "v1", {id('b')}, {}, ""}, "d1"));
    EXPECT_THAT(admitted(restarted(), "d1"), ElementsAre("lamp"));
}

TEST_F(denied_certificates_damage, garbage_in_denied_json_admits_nobody) {
    ASSERT_TRUE(make_directories(file.parent_path()));
    for (const auto* text : {"[]", "{}", R"({"deploymentId": "d1", "certificates": [7]})",
                             R"({"deploymentId": "d1", "certificates": [], "things": "pump"})",
                             R"({"deploymentId": "d1"})", "\xff"}) {
        ASSERT_TRUE(write_file_atomically(file, text));
        EXPECT_THAT(admitted(restarted(), "d1"), IsEmpty()) << text;
    }
}

TEST(told_denied, is_read_and_what_is_wrong_is_named) {
    const auto read = parse_denied_certificates(
        R"({"deniedOfDeployment": "d", "deniedVersion": "v", "deniedCertificates": ["c"],)"
        R"( "deniedThings": ["t"], "nonce": "n"})");
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->deployment_id + read->version + read->nonce, "dvn");
    EXPECT_THAT(read->certificates, ElementsAre("c"));
    EXPECT_THAT(read->things, ElementsAre("t"));
    for (const auto& [text, member] :
         {std::pair(R"({"deniedCertificates": [], "nonce": "n"})", "deniedOfDeployment"),
          std::pair(R"({"deniedOfDeployment": "d", "nonce": "n"})", "deniedCertificates"),
          std::pair(R"({"deniedOfDeployment": "d", "deniedCertificates": [1], "nonce": "n"})",
                    "deniedCertificates"),
          std::pair(R"({"deniedOfDeployment": "d", "deniedCertificates": [], "deniedThings": 1})",
                    "deniedThings"),
          std::pair(R"({"deniedOfDeployment": "d", "deniedCertificates": []})", "nonce"),
          std::pair("[]", "JSON object"), std::pair("", "JSON object")}) {
        const auto wrong = parse_denied_certificates(text);
        ASSERT_FALSE(wrong) << text;
        EXPECT_THAT(wrong.error().message(), HasSubstr(member));
    }
}

}  // namespace
}  // namespace evergrass::edge
