#pragma once

#include "cloud/greengrass/operations.hpp"
#include "libs/pki/pki.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <utility>

namespace evergrass::cloud {

// For the tests of this folder: the operations on a store in a directory of its own, and short ways
// to fill it.
class greengrass_fixture : public ::testing::Test {
protected:
    class set_clock final : public clock {
    public:
        wall_time now() const override { return now_; }
        wall_time now_ = *parse_basic_iso8601("20261123T193000Z");
    };

    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-greengrass-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        auto opened = store::open(directory_ + "/service.db");
        ASSERT_TRUE(opened) << opened.error().message();
        state_ = std::move(*opened);
        services_ = std::make_unique<greengrass_services>(
            greengrass_services{*state_, identity_, clock_, signer_, notifier_, logger()});
        add_greengrass_operations(operations_, *services_);
    }
    void TearDown() override {
        state_.reset();
        std::filesystem::remove_all(directory_);
    }

    api_result run(std::string_view operation, json::object input = {}) {
        call made;
        made.input = std::move(input);
        const auto* found = operations_.find("greengrass", operation);
        EXPECT_NE(found, nullptr) << operation;
        return (*found)(made);
    }
    // The output of an operation that succeeds.
    json::object output_of(std::string_view operation, json::object input = {}) {
        auto answered = run(operation, std::move(input));
        EXPECT_TRUE(answered) << operation << ": " << answered.error().message << " "
                              << answered.error().why;
        return answered ? std::move(answered->output) : json::object();
    }
    // Of a list of definitions or groups, which is written as text.
    json::object list_of(std::string_view operation, json::object input = {}) {
        const auto answered = run(operation, std::move(input));
        EXPECT_TRUE(answered) << operation;
        auto read = parse_json(answered ? answered->payload : "{}");
        EXPECT_TRUE(read) << answered->payload;
        return read && read->is_object() ? std::move(read->as_object()) : json::object();
    }
    std::string text(const json::object& object, std::string_view member) {
        const auto found = string_member(object, member);
        EXPECT_TRUE(found) << member << " is missing in " << json::serialize(object);
        return found.value_or("");
    }
    void write(std::string_view sql, const std::vector<db::value>& bound = {}) {
        const auto done = state_->db().run(sql, sql, bound);
        EXPECT_TRUE(done) << done.error().message();
    }

    static std::string certificate_id(char digit) { return std::string(64, digit); }
    std::string thing_arn(const std::string& name) { return identity_.iot_arn("thing/" + name); }
    json::object member(const std::string& thing, char digit) {
        return {{"Id", thing},
                {"ThingArn", thing_arn(thing)},
                {"CertificateArn", identity_.iot_arn("cert/" + certificate_id(digit))},
                {"SyncShadow", true}};
    }
    // A thing with its certificate, registered and attached.
    void register_member(const std::string& thing, char digit) {
        write("INSERT INTO things(name, id, created_at) VALUES(?1, ?1, 1)", {thing});
        write(
            "INSERT INTO certificates(id, pem, status, created_at, updated_at, not_before,"
            " not_after) VALUES(?1, 'pem', 'ACTIVE', 1, 1, 1, 1)",
            {certificate_id(digit)});
        write("INSERT INTO thing_certificates(thing, certificate_id) VALUES(?1, ?2)",
              {thing, certificate_id(digit)});
    }
    // Version 7 of the function, and the alias "live" for it.
    void publish_function(const std::string& name) {
        write("INSERT INTO blobs(sha256, content) VALUES(?1, 'the package')", {package_});
        write(
            "INSERT INTO function_versions(name, version, configuration, blob, code_size,"
            " revision_id, modified_at) VALUES(?1, 7, ?2, ?3, 11, 'r', 1)",
            {name,
             R"({"Runtime":"python3.7","Handler":"f.handler","Description":"d","CodeSha256":"Y29kZQ=="})",
             package_});
        write(
            "INSERT INTO function_aliases(name, alias, version, revision_id)"
            " VALUES(?1, 'live', '7', 'r')",
            {name});
    }
    std::string function_arn(const std::string& name, const std::string& qualifier) {
        return identity_.lambda_arn("function:" + name + ":" + qualifier);
    }

    // A definition of the family with these elements; returns the version's ARN.
    std::string define(const std::string& family, const std::string& list, json::array elements) {
        json::object content;
        content[list] = std::move(elements);
        return text(output_of("Create" + family + "Definition",
                              {{"Name", family}, {"InitialVersion", std::move(content)}}),
                    "LatestVersionArn");
    }
    json::object make_group(json::object references) {
        return output_of("CreateGroup",
                         {{"Name", "group"}, {"InitialVersion", std::move(references)}});
    }
    // A group whose only content is the core "core".
    json::object make_core_group() {
        json::array cores;
        cores.emplace_back(member("core", 'c'));
        return make_group(
            {{"CoreDefinitionVersionArn", define("Core", "Cores", std::move(cores))}});
    }
    json::object deploy(const json::object& group) {
        return output_of("CreateDeployment", {{"GroupId", text(group, "Id")},
                                              {"GroupVersionId", text(group, "LatestVersion")},
                                              {"DeploymentType", "NewDeployment"}});
    }
    json::object status_of(const json::object& group, const json::object& deployment) {
        return output_of(
            "GetDeploymentStatus",
            {{"GroupId", text(group, "Id")}, {"DeploymentId", text(deployment, "DeploymentId")}});
    }

    std::string directory_;
    service_identity identity_;
    set_clock clock_;
    deployment_signer signer_ = *deployment_signer::make(pki::generate_ed25519_key());
    deployment_notifier notifier_;
    std::string package_ = std::string(64, 'b');
    std::unique_ptr<store> state_;
    std::unique_ptr<greengrass_services> services_;
    operation_table operations_;
};

// The operation was refused with this code (empty: none) and text.
#define EXPECT_REFUSED(answered, wanted_status, wanted_code, wanted_message) \
    do {                                                                     \
        const auto& outcome = (answered);                                    \
        ASSERT_FALSE(outcome);                                               \
        EXPECT_EQ(outcome.error().status, wanted_status);                    \
        EXPECT_EQ(outcome.error().code, wanted_code);                        \
        EXPECT_EQ(outcome.error().message, wanted_message);                  \
    } while (false)

}  // namespace evergrass::cloud
