#include "edge/functions/ipc_protocol.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass::edge::functions {
namespace {

constexpr std::string_view arn = "arn:aws:lambda:us-east-1:123456789012:function:hello:3";

std::string base(std::string_view rest) {
    return "/2016-11-01/functions/" + std::string(rest);
}

TEST(ipc_path, each_documented_path_has_its_route) {
    const std::string f = base(arn);
    EXPECT_EQ(parse_ipc_call("POST", f)->route, ipc_route::invoke);
    EXPECT_EQ(parse_ipc_call("GET", f)->route, ipc_route::get_result);
    EXPECT_EQ(parse_ipc_call("GET", f + "/work")->route, ipc_route::get_work);
    EXPECT_EQ(parse_ipc_call("POST", f + "/work")->route, ipc_route::post_result);
    EXPECT_EQ(parse_ipc_call("PUT", f + "/initialized")->route, ipc_route::initialized);
    EXPECT_EQ(parse_ipc_call("POST", "/2016-11-01/cloudwatch/logs/")->route, ipc_route::put_logs);
    EXPECT_EQ(parse_ipc_call("GET", "/2016-11-01/credentialprovider/")->route,
              ipc_route::credentials);
    EXPECT_EQ(parse_ipc_call("POST", "/2016-11-01/health/workers")->route, ipc_route::health);
    EXPECT_EQ(parse_ipc_call("GET", f + "/work")->function_arn, arn);
}

TEST(ipc_path, an_arn_may_be_percent_encoded_or_name_a_system_function) {
    EXPECT_EQ(parse_ipc_call("GET", base(percent_encode(arn)) + "/work")->function_arn, arn);
    EXPECT_EQ(parse_ipc_call("POST", base("arn:aws:lambda:::function:GGRouter"))->function_arn,
              "arn:aws:lambda:::function:GGRouter");
    EXPECT_TRUE(parse_ipc_call("POST", base("arn:aws:lambda:r:1:function:f:$LATEST")));
}

TEST(ipc_path, what_is_not_documented_is_refused_by_kind) {
    const auto code = [](std::string_view method, const std::string& path) {
        return parse_ipc_call(method, path).error().code;
    };
    EXPECT_EQ(code("GET", "/"), errc::not_found);
    EXPECT_EQ(code("GET", "/2015-03-31/functions/" + std::string(arn)), errc::not_found);
    EXPECT_EQ(code("GET", base(arn) + "/play"), errc::not_found);
    EXPECT_EQ(code("DELETE", base(arn)), errc::unsupported);
    EXPECT_EQ(code("POST", "/2016-11-01/credentialprovider/"), errc::unsupported);
    EXPECT_EQ(code("GET", "/2016-11-01/credentialprovider/role"), errc::invalid_input);
    EXPECT_EQ(code("GET", base("hello") + "/work"), errc::invalid_input);
    EXPECT_EQ(code("GET", base("arn%3") + "/work"), errc::invalid_input);
}

TEST(client_context, a_publish_names_its_topic_and_policy) {
    const auto plain = parse_publish_context(base64_encode(R"({"custom":{"subject":"a/b"}})"));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->topic, "a/b");
    EXPECT_FALSE(plain->all_or_error);
    const auto strict = parse_publish_context(
        base64_encode(R"({"custom":{"source":"x","subject":"a","queueFullPolicy":"AllOrError"}})"));
    EXPECT_TRUE(strict->all_or_error);
}

TEST(client_context, a_publish_without_a_concrete_topic_is_refused) {
    for (const char* text :
         {R"({})", R"({"custom":"x"})", R"({"custom":{"subject":""}})",
          R"({"custom":{"subject":"a/+"}})", R"({"custom":{"subject":"a/#"}})",
          R"({"custom":{"subject":7}})", R"({"custom":{"subject":"a","queueFullPolicy":"x"}})"}) {
        EXPECT_FALSE(parse_publish_context(base64_encode(text))) << text;
    }
    const std::string long_topic(257, 'a');
    EXPECT_FALSE(
        parse_publish_context(base64_encode(R"({"custom":{"subject":")" + long_topic + "\"}}")));
    EXPECT_FALSE(parse_publish_context("not base64!"));
    EXPECT_FALSE(parse_publish_context(""));
}

TEST(client_context, one_that_is_passed_on_must_be_base64_of_an_object) {
    EXPECT_TRUE(check_client_context(""));
    EXPECT_TRUE(check_client_context(base64_encode(R"({"custom":"text"})")));
    EXPECT_FALSE(check_client_context(base64_encode("[1]")));
    EXPECT_FALSE(check_client_context("e30"));
}

TEST(client_context, of_a_routed_message_holds_the_topic_escaped) {
    EXPECT_EQ(routed_topic(routed_client_context("a/\"b")), "a/\"b");
    for (const auto* other : {"", "!", "bm9uZQ==", "e30=", "W10="}) {  // no base64, JSON, object
        EXPECT_EQ(routed_topic(other), "") << other;
    }
    EXPECT_EQ(base64_decode(routed_client_context("a/\"b")).value(),
              R"({"custom":{"subject":"a/\"b"}})");
}

TEST(ipc_body, initialized_tells_success_or_why_not) {
    EXPECT_TRUE(parse_initialization(R"({"Success": true, "Response": ""})")->success);
    const auto failed = parse_initialization(R"({"Success": false, "Response": "no port"})");
    EXPECT_FALSE(failed->success);
    EXPECT_EQ(failed->response, "no port");
    EXPECT_FALSE(parse_initialization("{}"));
}

TEST(ipc_body, log_events_carry_their_level_in_front) {
    const auto request = parse_log_request(
        R"({"logGroupName":"/Lambda/r/a/f","logStreamName":"s","logEvents":[
            {"timestamp":1,"message":"[WARN]-f.py:1,careful"},{"timestamp":2,"message":"bare"}]})");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->group, "/Lambda/r/a/f");
    ASSERT_EQ(request->entries.size(), 2U);
    EXPECT_EQ(request->entries[0].level, log_level::warn);
    EXPECT_EQ(request->entries[0].text, "f.py:1,careful");
    EXPECT_EQ(request->entries[1].text, "bare");
}

TEST(ipc_body, a_log_request_without_events_is_refused) {
    EXPECT_FALSE(parse_log_request(R"({"logGroupName":"g","logEvents":[]})"));
    EXPECT_FALSE(parse_log_request(R"({"logEvents":[{"message":"x"}]})"));
    EXPECT_FALSE(parse_log_request("["));
}

TEST(ipc_body, a_health_request_names_at_least_one_function) {
    EXPECT_EQ(parse_health_request(R"({"FuncArns":["a","b"]})")->size(), 2U);
    EXPECT_FALSE(parse_health_request(R"({"FuncArns":[]})"));
    EXPECT_FALSE(parse_health_request(R"({"FuncArns":[1]})"));
}

}  // namespace
}  // namespace evergrass::edge::functions
