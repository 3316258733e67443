#include "edge/functions/worker_environment.hpp"

#include <gmock/gmock.h>

namespace evergrass::edge::functions {
namespace {

using testing::Contains;
using testing::Each;
using testing::Not;
using testing::StartsWith;

struct setting {
    function_settings settings;
    contract::function f;

    setting() {
        settings.region = "eu-west-1";
        settings.core_thing = "core";
        settings.iot_host = "iot.example";
        settings.iot_mqtt_port = 9883;
        settings.iot_http_port = 9444;
        settings.gg_host = "gg.example";
        f.arn = "arn:aws:lambda:eu-west-1:123456789012:function:hello:3";
    }
    std::vector<std::string> build() {
        return build_environment(
            settings, f,
            {"/ggc/hello", "Basic abc", 8000, "INFO", "/bin", "/runtime", "/ggc/hello"});
    }
};

TEST(worker_environment, tells_the_function_who_it_is_and_where_the_core_is) {
    setting s;
    const auto all = s.build();
    EXPECT_THAT(all, Contains("MY_FUNCTION_ARN=" + s.f.arn));
    EXPECT_THAT(all, Contains("AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic abc"));
    EXPECT_THAT(all, Contains("AWS_CONTAINER_CREDENTIALS_FULL_URI="
                              "http://localhost:8000/2016-11-01/credentialprovider/"));
    EXPECT_THAT(all, Contains("ENCODING_TYPE=json"));
    EXPECT_THAT(all, Contains("AWS_IOT_MQTT_ENDPOINT=iot.example:9883"));
    EXPECT_THAT(all, Contains("AWS_IOT_HTTP_ENDPOINT=iot.example:9444"));
    EXPECT_THAT(all, Contains("AWS_GG_HTTP_ENDPOINT=gg.example:8443"));
    EXPECT_THAT(all, Contains("PATH=/bin:/ggc/hello:/usr/bin:/usr/local/bin"));
    EXPECT_THAT(all, Contains("PYTHONPATH=/ggc/hello"));
    EXPECT_THAT(all, Contains("_GG_LOG_FD_INFO=1"));
    EXPECT_THAT(all, Contains("_GG_LOG_FD_ERROR=2"));
}

TEST(worker_environment, applies_the_functions_own_variables_last) {
    setting s;
    s.f.variables = {{"LOG_LEVEL", "DEBUG"}, {"COLOUR", "green"}, {"EMPTY", ""}};
    const auto all = s.build();
    EXPECT_THAT(all, Contains("LOG_LEVEL=DEBUG"));
    EXPECT_THAT(all, Not(Contains("LOG_LEVEL=INFO")));
    EXPECT_THAT(all, Contains("COLOUR=green"));
    EXPECT_THAT(all, Contains("EMPTY="));
}

TEST(worker_environment, tells_the_function_of_the_proxy_unless_it_has_one_of_its_own) {
    setting s;
    EXPECT_THAT(s.build(), Not(Contains(StartsWith("http_proxy="))));
    s.settings.proxy_url = "http://u:p@proxy:3128";
    s.settings.no_proxy = "10.0.0.0/8,.local";
    s.f.variables = {{"HTTPS_PROXY", "http://own:1"}};
    const auto all = s.build();
    EXPECT_THAT(all, Contains("http_proxy=http://u:p@proxy:3128"));
    EXPECT_THAT(all, Contains("HTTP_PROXY=http://u:p@proxy:3128"));
    EXPECT_THAT(all, Contains("NO_PROXY=10.0.0.0/8,.local"));
    EXPECT_THAT(all, Contains("no_proxy=10.0.0.0/8,.local"));
    EXPECT_THAT(all, Contains("HTTPS_PROXY=http://own:1"));
    EXPECT_THAT(all, Not(Contains(StartsWith("https_proxy="))));
}

TEST(worker_environment, does_not_let_variables_change_the_identity) {
    setting s;
    s.f.variables = {{"MY_FUNCTION_ARN", "arn:aws:lambda:::function:other"},
                     {"_GG_LOG_FD_INFO", "99"},
                     {"GG_DAEMON_PORT", "1"}};
    const auto all = s.build();
    EXPECT_THAT(all, Contains("MY_FUNCTION_ARN=" + s.f.arn));
    EXPECT_THAT(all, Contains("_GG_LOG_FD_INFO=1"));
    EXPECT_THAT(all, Contains("GG_DAEMON_PORT=8000"));
}

TEST(worker_environment, leads_nodejs_functions_to_the_modules_of_the_core) {
    setting s;
    s.f.runtime = "nodejs12.x";
    const std::string own = "NODE_PATH=/ggc/hello:/runtime/nodejs/modules:/ggc/hello/node_modules";
    EXPECT_THAT(s.build(), Contains(own));
    s.f.variables = {{"NODE_PATH", "/opt/modules"}};
    EXPECT_THAT(s.build(), Contains(own + ":/opt/modules"));
    EXPECT_THAT(s.build(), Each(Not(StartsWith("LD_LIBRARY_PATH="))));
}

TEST(worker_environment, leads_native_executables_to_the_library_of_the_core) {
    setting s;
    s.f.runtime = "arn:aws:greengrass:::runtime/function/executable";
    EXPECT_THAT(s.build(), Contains("LD_LIBRARY_PATH=/runtime/native"));
    s.f.variables = {{"LD_LIBRARY_PATH", "/opt/lib"}};
    EXPECT_THAT(s.build(), Contains("LD_LIBRARY_PATH=/runtime/native:/opt/lib"));
    EXPECT_THAT(s.build(), Each(Not(StartsWith("NODE_PATH="))));
}

TEST(worker_environment, leaves_search_paths_of_other_runtimes_to_their_functions) {
    setting s;
    s.f.runtime = "python3.7";
    EXPECT_THAT(
        s.build(),
        Each(Not(testing::AnyOf(StartsWith("NODE_PATH="), StartsWith("LD_LIBRARY_PATH=")))));
    s.f.variables = {{"LD_LIBRARY_PATH", "/opt/lib"}};
    EXPECT_THAT(s.build(), Contains("LD_LIBRARY_PATH=/opt/lib"));
}

TEST(worker_environment, leaves_out_names_that_cannot_be_passed) {
    setting s;
    s.f.variables = {{"A=B", "x"}, {"", "x"}, {std::string("N\0L", 3), "x"}};
    EXPECT_THAT(s.build(),
                Each(Not(testing::AnyOf(StartsWith("A=B"), StartsWith("="), StartsWith("N")))));
}

}  // namespace
}  // namespace evergrass::edge::functions
