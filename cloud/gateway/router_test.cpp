#include "cloud/gateway/router.hpp"

#include "cloud/gateway/protocol.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class routing : public ::testing::Test {
protected:
    std::string operation(std::string_view service, std::string_view method, std::string_view path,
                          std::string_view query = "") {
        const auto found = match(service, method, path, query);
        return found.operation == nullptr ? "none" : std::string(found.operation->name);
    }
    route_match match(std::string_view service, std::string_view method, std::string_view path,
                      std::string_view query = "") {
        return router(*catalog_.find(service)).match(method, path, query);
    }
    model_catalog catalog_;
};

// An example path of an operation's URI: `{label}` becomes "label".
std::string example_of(std::string_view uri) {
    std::string path;
    for (const char c : uri.substr(0, uri.find('?'))) {
        if (c != '{' && c != '}' && c != '+') {
            path += c;
        }
    }
    return path;
}

TEST_F(routing, every_operation_of_every_model_is_found_by_its_own_uri) {
    for (const auto service : model_catalog::services()) {
        if (protocol_of(service) != protocol::rest_json) {
            continue;
        }
        const auto& model = *catalog_.find(service);
        const router routes(model);
        for (const auto& wanted : model.operations()) {
            const auto mark = wanted.uri.find('?');
            const auto query =
                mark == std::string_view::npos ? std::string_view() : wanted.uri.substr(mark + 1);
            const auto found = routes.match(wanted.method, example_of(wanted.uri), query);
            ASSERT_NE(found.operation, nullptr) << wanted.name;
            EXPECT_EQ(found.operation->name, wanted.name);
        }
    }
}

TEST_F(routing, literal_segments_win_over_labels) {
    EXPECT_EQ(operation("greengrass", "GET",
                        "/greengrass/groups/g/certificateauthorities/configuration/expiry"),
              "GetGroupCertificateConfiguration");
    EXPECT_EQ(operation("greengrass", "GET", "/greengrass/groups/g/certificateauthorities/ca"),
              "GetGroupCertificateAuthority");
}

TEST_F(routing, reset_matches_with_and_without_an_encoded_dollar) {
    EXPECT_EQ(operation("greengrass", "POST", "/greengrass/groups/g/deployments/$reset"),
              "ResetDeployments");
    EXPECT_EQ(operation("greengrass", "POST", "/greengrass/groups/g/deployments/%24reset"),
              "ResetDeployments");
    EXPECT_EQ(operation("greengrass", "POST", "/greengrass/groups/g/deployments/%2reset"), "none");
}

TEST_F(routing, an_encoded_slash_stays_inside_its_segment) {
    const auto found = match("greengrass", "GET", "/tags/arn%3Aaws%3A%2Fgreengrass%2Fgroups%2Fg");
    ASSERT_NE(found.operation, nullptr);
    EXPECT_EQ(found.operation->name, "ListTagsForResource");
    EXPECT_THAT(found.labels,
                ElementsAre(Pair("resource-arn", "arn%3Aaws%3A%2Fgreengrass%2Fgroups%2Fg")));
}

TEST_F(routing, a_greedy_label_takes_the_rest) {
    const auto found = match("iot", "GET", "/destinations/arn/with/slashes/");
    ASSERT_NE(found.operation, nullptr);
    EXPECT_THAT(found.labels, ElementsAre(Pair("arn", "arn/with/slashes")));
}

TEST_F(routing, a_slash_at_the_end_does_not_matter) {
    EXPECT_EQ(operation("lambda", "GET", "/2015-03-31/functions/"), "ListFunctions");
    EXPECT_EQ(operation("lambda", "GET", "/2015-03-31/functions"), "ListFunctions");
    EXPECT_EQ(operation("iot", "GET", "/things/"), "ListThings");
}

TEST_F(routing, a_demanded_query_tells_two_operations_apart) {
    const std::string_view path = "/2019-09-30/functions/f/provisioned-concurrency";
    EXPECT_EQ(operation("lambda", "GET", path, "Marker=x&List=ALL"),
              "ListProvisionedConcurrencyConfigs");
    EXPECT_EQ(operation("lambda", "GET", path, "Qualifier=1"), "GetProvisionedConcurrencyConfig");
}

TEST_F(routing, what_no_operation_has_is_not_found) {
    EXPECT_EQ(operation("greengrass", "GET", "/"), "none");
    EXPECT_EQ(operation("greengrass", "GET", ""), "none");
    EXPECT_EQ(operation("greengrass", "BREW", "/greengrass/groups"), "none");
    EXPECT_EQ(operation("greengrass", "GET", "/greengrass/groups//versions"), "none");
    EXPECT_EQ(operation("greengrass", "GET", "/greengrass/groups/g/versions/v/more"), "none");
    EXPECT_EQ(operation("greengrass", "GET", "/things/t"), "none");
}

TEST_F(routing, iot_is_signed_under_two_names) {
    EXPECT_EQ(service_of_signing_name("execute-api"), "iot");
    EXPECT_EQ(service_of_signing_name("iot"), "iot");
    EXPECT_EQ(service_of_signing_name("iotdata"), "iot-data");
    EXPECT_EQ(service_of_signing_name("iotdevicegateway"), "iot-data");
    EXPECT_EQ(service_of_signing_name("iot-jobs-data"), "iot-jobs-data");
    EXPECT_EQ(service_of_signing_name("s3"), "");
}

}  // namespace
}  // namespace evergrass::cloud
