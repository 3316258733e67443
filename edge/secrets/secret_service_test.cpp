#include "edge/secrets/secret_service.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string database = "arn:aws:secretsmanager:eu-west-1:1:secret:greengrass-db-AbCdEf";
const std::string other = "arn:aws:secretsmanager:eu-west-1:1:secret:other-AbCdEf";
const std::string absent = "arn:aws:secretsmanager:eu-west-1:1:secret:absent-AbCdEf";

class memory_store final : public secret_store {
public:
    const secret* find(std::string_view name_or_arn) const override {
        for (const auto& s : secrets) {
            if (s.arn == name_or_arn || s.name == name_or_arn) {
                return &s;
            }
        }
        return nullptr;
    }
    std::vector<const secret*> all() const override { return {}; }
    result<void> put(secret) override { return error{errc::unsupported, ""}; }
    result<void> remove(std::string_view) override { return error{errc::unsupported, ""}; }

    std::vector<secret> secrets;
};

json::object secret_resource(std::string_view id, std::string_view arn, json::array labels = {}) {
    return {{"Id", id},
            {"Name", id},
            {"ResourceDataContainer",
             {{"SecretsManagerSecretResourceData",
               {{"ARN", arn}, {"AdditionalStagingLabelsToDownload", std::move(labels)}}}}}};
}

class secret_service_test : public testing::Test {
protected:
    secret_service_test() {
        store.secrets = {
            {database,
             "greengrass-db",
             {{"v2", {"AWSCURRENT"}, 1700000000123, false, "p\"w"},
              {"v1", {"AWSPREVIOUS", "mine"}, 1600000000000, true, std::string("\0\xff", 2)},
              {"v0", {}, 1, false, "old"}}},
            {other, "other", {{"o1", {"AWSCURRENT"}, 1, false, "x"}}}};
        contract::function reader;
        reader.arn = "reader";
        reader.resources = {{"db", "ro"}, {"gone", "ro"}, {"disk", "rw"}};
        contract::function stranger;
        stranger.arn = "stranger";
        service.grant({reader, stranger},
                      {secret_resource("db", database, {"mine"}), secret_resource("gone", absent),
                       json::object{{"Id", "disk"}, {"ResourceDataContainer", json::object()}}});
    }
    json::object ask(const std::string& body, const std::string& caller = "reader") {
        return parse_json(service.answer(caller, body)).value().as_object();
    }
    static int status(const json::object& answer) {
        return static_cast<int>(int_member(answer, "Status").value_or(200));
    }

    memory_store store;
    secret_service service{store};
};

TEST_F(secret_service_test, a_secret_is_read_by_name_and_by_arn) {
    const auto by_name = ask(R"({"SecretId":"greengrass-db"})");
    EXPECT_EQ(json::serialize(by_name), R"({"ARN":")" + database +
                                            R"(","Name":"greengrass-db","VersionId":"v2",)"
                                            R"("VersionStages":["AWSCURRENT"],)"
                                            R"("CreatedDate":1700000000123,)"
                                            R"("SecretString":"p\"w"})");
    EXPECT_EQ(ask(R"({"SecretId":")" + database + R"("})"), by_name);
    EXPECT_EQ(ask(R"({"SecretId":"greengrass-db","VersionStage":"AWSCURRENT"})"), by_name);
    EXPECT_EQ(ask(R"({"SecretId":"greengrass-db","VersionStage":null})"), by_name);
}

TEST_F(secret_service_test, labels_that_the_resource_lists_are_read_and_others_are_not_there) {
    const auto mine = ask(R"({"SecretId":"greengrass-db","VersionStage":"mine"})");
    EXPECT_EQ(string_member(mine, "SecretBinary"), "AP8=");
    EXPECT_FALSE(mine.contains("SecretString"));
    const auto previous = ask(R"({"SecretId":"greengrass-db","VersionStage":"AWSPREVIOUS"})");
    EXPECT_EQ(status(previous), 404);
    EXPECT_THAT(string_member(previous, "Message").value_or(""),
                HasSubstr("AdditionalStagingLabelsToDownload"));
    EXPECT_EQ(string_member(ask(R"({"SecretId":"greengrass-db","VersionId":"v1"})"), "VersionId"),
              "v1");
    EXPECT_EQ(status(ask(R"({"SecretId":"greengrass-db","VersionId":"v0"})")), 404);
    EXPECT_EQ(status(ask(R"({"SecretId":"greengrass-db","VersionId":"v1",)"
                         R"("VersionStage":"AWSCURRENT"})")),
              404);
}

TEST_F(secret_service_test, who_may_not_is_told_what_to_do) {
    const auto refused = ask(R"({"SecretId":"greengrass-db"})", "stranger");
    EXPECT_EQ(status(refused), 401);
    EXPECT_THAT(string_member(refused, "Message").value_or(""),
                AllOf(HasSubstr("greengrass-db"), HasSubstr("ResourceAccessPolicies")));
    EXPECT_EQ(status(ask(R"({"SecretId":"greengrass-db"})", "nobody")), 401);
    EXPECT_EQ(status(ask(R"({"SecretId":"other"})")), 401);
    EXPECT_EQ(status(ask(R"({"SecretId":"no-such"})")), 404);
    EXPECT_EQ(status(ask(R"({"SecretId":")" + absent + R"("})")), 404);
    EXPECT_EQ(status(ask(R"({"SecretId":")" + absent + R"("})", "stranger")), 401);
}

TEST_F(secret_service_test, a_wrong_request_is_400) {
    for (const auto* body :
         {"", "[]", "{}", R"({"SecretId":7})", R"({"SecretId":""})",
          R"({"SecretId":"a","VersionStage":1})", R"({"SecretId":"a","VersionId":""})"}) {
        EXPECT_EQ(status(ask(body)), 400) << body;
    }
}

TEST_F(secret_service_test, the_next_deployment_takes_rights_away) {
    service.grant({}, {});
    EXPECT_EQ(status(ask(R"({"SecretId":"greengrass-db"})")), 401);
}

}  // namespace
}  // namespace evergrass::edge
