#include "cloud/adoption/adoption.hpp"
#include "cloud/greengrass/greengrass_fixture.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"

#include <gmock/gmock.h>

#include <map>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;

class adoption_test : public greengrass_fixture {
protected:
    void SetUp() override {
        greengrass_fixture::SetUp();
        services_->new_rsa_key = [key = pki::generate_ec_key()] { return key; };
        in_ = std::make_unique<adoption::adoption_services>(adoption::adoption_services{
            *state_, identity_, clock_, changes_, secrets_of(), *services_});
        write("INSERT INTO blobs(sha256, content) VALUES(?1, 'the package')", {package_});
    }
    secrets::secret_registry& secrets_of() {
        secrets_ = std::make_unique<secrets::secret_registry>(
            secrets::secret_registry{*state_, identity_, clock_});
        return *secrets_;
    }

    json::object request() {
        const auto arn = function_arn("f", "7");
        return {
            {"format", 1},
            {"partition", "aws"},
            {"region", identity_.region},
            {"account", identity_.account},
            {"things", json::array{json::object{{"name", "core"}}, json::object{{"name", "lamp"}}}},
            {"certificates",
             json::array{
                 json::object{{"id", certificate_id('c')}, {"things", json::array{"core"}}},
                 json::object{{"id", certificate_id('d')}, {"things", json::array{"lamp"}}}}},
            {"policies",
             json::array{json::object{
                 {"name", "wide"},
                 {"document",
                  R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})"},
                 {"certificates", json::array{json::value(certificate_id('c'))}}}}},
            {"functions",
             json::array{json::object{
                 {"name", "f"},
                 {"version", 7},
                 {"arn", arn},
                 {"package", package_},
                 {"configuration", {{"Runtime", "python3.7"}, {"Handler", "f.handler"}}}}}},
            {"definitions",
             json::array{json::object{{"kind", "cores"},
                                      {"id", "dc"},
                                      {"version", "vc"},
                                      {"name", "n"},
                                      {"content",
                                       {{"Cores", json::array{json::value(member("core", 'c'))}}}}},
                         json::object{
                             {"kind", "functions"},
                             {"id", "df"},
                             {"version", "vf"},
                             {"name", "n"},
                             {"content",
                              {{"Functions", json::array{json::object{{"Id", "f"},
                                                                      {"FunctionArn", arn},
                                                                      {"FunctionConfiguration",
                                                                       {{"Pinned", true}}}}}}}}}}},
            {"group",
             {{"id", "group"},
              {"name", "Pump"},
              {"version", "v1"},
              {"content",
               {{"CoreDefinitionVersionArn",
                 identity_.greengrass_arn("/greengrass/definition/cores/dc/versions/vc")},
                {"FunctionDefinitionVersionArn",
                 identity_.greengrass_arn("/greengrass/definition/functions/df/versions/vf")}}}}},
            {"deployment", {{"id", "old-deployment"}, {"core", "core"}}}};
    }
    api_result send(const json::object& asked) {
        return adoption::adopt(*in_, json::serialize(asked));
    }
    // Rows of each table that an adoption writes.
    std::map<std::string, std::int64_t> rows() {
        std::map<std::string, std::int64_t> out;
        for (const std::string table :
             {"things", "certificates", "policies", "policy_targets", "functions",
              "function_versions", "definitions", "definition_versions", "deployments", "secrets",
              "secret_versions", "group_authorities"}) {
            const auto sql = "SELECT count(*) FROM " + table;
            EXPECT_TRUE(state_->db().query(
                sql, sql, {}, [&](const db::row& row) { out[table] = row.integer(0); }));
        }
        return out;
    }

    registry_changes changes_;
    std::unique_ptr<secrets::secret_registry> secrets_;
    std::unique_ptr<adoption::adoption_services> in_;
};

TEST_F(adoption_test, a_core_comes_with_its_ids_and_can_be_deployed) {
    const auto made = send(request());
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->status, 201);
    EXPECT_EQ(text(output_of("GetGroup", {{"GroupId", "group"}}), "LatestVersion"), "v1");
    EXPECT_EQ(text(output_of("GetDeploymentStatus",
                             {{"GroupId", "group"}, {"DeploymentId", "old-deployment"}}),
                   "DeploymentStatus"),
              "Success");
    const auto group = output_of("GetGroup", {{"GroupId", "group"}});
    const auto deployed = deploy(group);
    EXPECT_EQ(text(status_of(group, deployed), "DeploymentStatus"), "InProgress");
    EXPECT_EQ(output_of("ListGroupCertificateAuthorities", {{"GroupId", "group"}})
                  .at("GroupCertificateAuthorities")
                  .get_array()
                  .size(),
              1u);
}

TEST_F(adoption_test, the_same_again_changes_nothing_and_neither_after_a_deployment) {
    ASSERT_TRUE(send(request()));
    const auto before = rows();
    const auto again = send(request());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, 200);
    EXPECT_EQ(again->output.at("made"), 0);
    EXPECT_EQ(rows(), before);
    deploy(output_of("GetGroup", {{"GroupId", "group"}}));
    EXPECT_EQ(send(request())->output.at("made"), 0);
}

TEST_F(adoption_test, all_conflicts_are_listed_and_nothing_is_changed) {
    ASSERT_TRUE(send(request()));
    const auto before = rows();
    auto other = request();
    other["things"].as_array().push_back(json::object{{"name", "new"}});
    other["functions"].as_array()[0].as_object()["configuration"].as_object()["Handler"] = "g.h";
    other["group"].as_object()["content"] = json::object();
    const auto refused = send(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 409);
    EXPECT_EQ(refused.error().extra.at("conflicts").get_array().size(), 2u);
    EXPECT_THAT(refused.error().message, HasSubstr("function f:7"));
    EXPECT_EQ(rows(), before);
}

TEST_F(adoption_test, a_revoked_certificate_is_not_revived) {
    ASSERT_TRUE(send(request()));
    write("UPDATE certificates SET status = 'REVOKED' WHERE id = ?1", {certificate_id('d')});
    const auto refused = send(request());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("it is REVOKED here"));
}

TEST_F(adoption_test, a_certificate_gets_its_text_later) {
    ASSERT_TRUE(send(request()));
    const auto key = pki::generate_ec_key();
    pki::certificate_request wanted;
    wanted.common_name = "lamp";
    wanted.not_after = wall_time(std::chrono::seconds(2'000'000'000));
    const auto pem = *pki::make_self_signed(wanted, key);
    const auto id = pki::read_certificate(pem)->id;
    auto asked = request();
    auto& lamp = asked["certificates"].as_array()[1].as_object();
    lamp["id"] = id;
    EXPECT_EQ(send(asked)->output.at("made"), 1);
    lamp["pem"] = pem;
    EXPECT_EQ(send(asked)->output.at("made"), 1);
    EXPECT_EQ(send(asked)->output.at("made"), 0);
    lamp["id"] = certificate_id('e');
    EXPECT_THAT(send(asked).error().message, HasSubstr("of another certificate"));
}

TEST_F(adoption_test, another_account_is_told_how_to_start_the_service) {
    auto asked = request();
    asked["account"] = "999988887777";
    const auto refused = send(asked);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("--account 999988887777"));
    EXPECT_EQ(rows().at("things"), 0);
}

TEST_F(adoption_test, what_is_wrong_names_the_member_and_leaves_nothing) {
    const std::map<std::string, json::value> wrong = {
        {"things", json::array{1}},
        {"certificates", json::array{json::object{{"id", "short"}}}},
        {"group", json::object{{"id", "g"}}},
        {"format", 2},
        {"definitions", json::array{json::object{{"kind", "magic"},
                                                 {"id", "a"},
                                                 {"version", "b"},
                                                 {"name", "c"},
                                                 {"content", json::object()}}}}};
    for (const auto& [member, value] : wrong) {
        auto asked = request();
        asked[member] = value;
        const auto refused = send(asked);
        ASSERT_FALSE(refused) << member;
        EXPECT_EQ(refused.error().status, 400) << member;
        EXPECT_EQ(rows().at("things"), 0) << member;
    }
    EXPECT_FALSE(adoption::adopt(*in_, "[]"));
}

TEST_F(adoption_test, a_package_that_was_not_sent_is_named) {
    auto asked = request();
    asked["functions"].as_array()[0].as_object()["package"] = std::string(64, 'a');
    EXPECT_THAT(send(asked).error().message, HasSubstr("send it before the adoption"));
}

TEST_F(adoption_test, a_secret_keeps_its_arn_and_its_newer_value) {
    auto asked = request();
    const auto arn = "arn:aws:secretsmanager:" + identity_.region + ":" + identity_.account +
                     ":secret:api-key-AbCdEf";
    asked["secrets"] =
        json::array{json::object{{"arn", arn}, {"name", "api-key"}, {"value", base64_encode("v")}}};
    ASSERT_TRUE(send(asked));
    const auto found = secrets::find_secret(*secrets_, "api-key");
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->arn, arn);
    EXPECT_EQ(send(asked)->output.at("made"), 0);
    asked["secrets"].as_array()[0].as_object()["arn"] = arn + "x";
    EXPECT_THAT(send(asked).error().message, HasSubstr("with another ARN"));
}

TEST_F(adoption_test, a_package_must_have_the_hash_of_its_path) {
    const auto refused = adoption::put_package(*in_, std::string(64, '0'), "no zip");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("SHA-256"));
    const auto no_zip = adoption::put_package(*in_, sha256_hex("no zip"), "no zip");
    ASSERT_FALSE(no_zip);
    EXPECT_EQ(no_zip.error().status, 400);
}

}  // namespace
}  // namespace evergrass::cloud
