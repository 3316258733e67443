#include "cloud/upstream/settings.hpp"

#include "cloud/upstream/refusal.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud::upstream {
namespace {

using testing::HasSubstr;

std::string refusal_of(const std::string& text) {
    const auto read = parse_settings(text, "us-east-1");
    return read ? "" : read.error().message();
}

TEST(upstream_settings, what_is_not_said_is_aws_in_the_services_region) {
    const auto read = parse_settings(
        R"({"services": {"lambda": {}, "s3": {"region": "eu-west-1"}, "iam": {}}})", "us-east-1");
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(read->credentials_file.empty());
    EXPECT_EQ(read->find("lambda")->at.url(), "https://lambda.us-east-1.amazonaws.com");
    EXPECT_EQ(read->find("lambda")->region, "us-east-1");
    EXPECT_EQ(read->find("s3")->at.url(), "https://s3.eu-west-1.amazonaws.com");
    EXPECT_EQ(read->find("s3")->region, "eu-west-1");
    EXPECT_EQ(read->find("iam")->at.url(), "https://iam.amazonaws.com");
    EXPECT_EQ(read->find("secretsmanager"), nullptr);
}

TEST(upstream_settings, a_service_may_have_an_endpoint_region_and_ca_of_its_own) {
    const auto read = parse_settings(
        R"({"credentialsFile": "/k", "region": "eu-west-1", "caFile": "/ca.pem", "services": {
            "s3": {"endpoint": "http://minio:9000/", "region": "x-1", "caFile": "/minio.pem"},
            "sts": {"endpoint": "https://sts.example:8443"}}})",
        "us-east-1");
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->credentials_file, "/k");
    const auto& s3 = *read->find("s3");
    EXPECT_EQ(s3.at.url(), "http://minio:9000");
    EXPECT_FALSE(s3.at.tls);
    EXPECT_EQ(s3.at.port, 9000);
    EXPECT_EQ(s3.region, "x-1");
    EXPECT_EQ(s3.ca_file, "/minio.pem");
    const auto& sts = *read->find("sts");
    EXPECT_EQ(sts.at.host_header(), "sts.example:8443");
    EXPECT_EQ(sts.region, "eu-west-1");
    EXPECT_EQ(sts.ca_file, "/ca.pem");
}

TEST(upstream_settings, what_is_wrong_is_named) {
    for (const auto& [text, named] : std::initializer_list<std::pair<const char*, const char*>>{
             {"{", "line 1"},
             {"[]", "JSON object"},
             {"{}", "'services'"},
             {R"({"services": {}})", "'services'"},
             {R"({"services": 1})", "'services'"},
             {R"({"service": {}})", "'service' is not a setting"},
             {R"({"credentialsFile": 1, "services": {"s3": {}}})", "'credentialsFile'"},
             {R"({"region": "EU West", "services": {"s3": {}}})", "'region' 'EU West'"},
             {R"({"services": {"sqs": {}}})", "'services.sqs' is not a service"},
             {R"({"services": {"iot": {}}})", "'services.iot' cannot be elsewhere"},
             {R"({"services": {"s3": true}})", "'services.s3' must be an object"},
             {R"({"services": {"s3": {"url": "x"}}})", "'services.s3.url' is not a setting"},
             {R"({"services": {"s3": {"endpoint": ""}}})", "'services.s3.endpoint'"},
             {R"({"services": {"s3": {"endpoint": "minio:9000"}}})",
              "'services.s3.endpoint' 'minio:9000' is not http://HOST"},
             {R"({"services": {"s3": {"endpoint": "http://h/a"}}})", "'services.s3.endpoint'"},
             {R"({"services": {"s3": {"endpoint": "http://a\nb"}}})", "'services.s3.endpoint'"},
             {R"({"services": {"s3": {"region": "a b"}}})", "'services.s3.region' 'a b'"},
         }) {
        EXPECT_THAT(refusal_of(text), HasSubstr(named)) << text;
    }
    EXPECT_THAT(read_settings("/nowhere.json", "us-east-1").error().message(),
                testing::AllOf(HasSubstr("--upstream"), HasSubstr("/nowhere.json")));
}

TEST(upstream_refusal, is_read_in_each_of_awss_spellings) {
    http::response answer;
    answer.status = 404;
    answer.headers.add("x-amzn-errortype", "ResourceNotFoundException:http://internal");
    answer.body = R"({"Message": "Function not found\n"})";
    EXPECT_EQ(read_refusal(answer).to_string(),
              "HTTP 404, ResourceNotFoundException: Function not found ");
    EXPECT_FALSE(read_refusal(answer).may_pass());
    answer = {};
    answer.status = 400;
    answer.body = R"({"__type": "com.amazonaws#Throttled", "message": "slow"})";
    EXPECT_EQ(read_refusal(answer).to_string(), "HTTP 400, Throttled: slow");
    answer = {};
    answer.status = 502;
    answer.body = "<html>";
    EXPECT_EQ(read_refusal(answer).to_string(), "HTTP 502");
    EXPECT_TRUE(read_refusal(answer).may_pass());
}

}  // namespace
}  // namespace evergrass::cloud::upstream
