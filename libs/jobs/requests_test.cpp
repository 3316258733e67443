#include "libs/jobs/requests.hpp"

#include "libs/jobs/document.hpp"
#include "libs/jobs/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass::jobs {
namespace {

std::string why(const error& refused) {
    return std::string(wire_code(to_refusal(refused).code)) + ": " + refused.context;
}

std::string update(std::string_view text) {
    client_token token;
    const auto body = parse_body(text, token);
    if (!body) {
        return why(body.error());
    }
    const auto read = read_update(*body);
    return read ? "read" : why(read.error());
}

TEST(jobs_requests, a_body_is_an_object_or_nothing) {
    client_token token;
    EXPECT_TRUE(parse_body("", token)->empty());
    EXPECT_FALSE(token);
    EXPECT_TRUE(parse_body(R"({"clientToken":"t"})", token));
    EXPECT_EQ(token, "t");
    for (const auto* text : {"{", "[]", "1", "\xff", "{}x"}) {
        EXPECT_TRUE(update(text).starts_with("InvalidJson")) << text;
    }
    EXPECT_EQ(parse_body(R"({"clientToken":1})", token).error().code,
              make_error_code(errc::invalid_request));
    EXPECT_FALSE(parse_body("{\"clientToken\":\"" + std::string(65, 't') + "\"}", token));
    EXPECT_FALSE(parse_body("{\"a\":\"" + std::string(max_request_bytes, 'a') + "\"}", token));
}

TEST(jobs_requests, an_update_is_read_whole) {
    client_token token;
    const auto body = parse_body(
        R"({"status":"FAILED","statusDetails":{"a:b_c-d":"e f"},"expectedVersion":"2",
            "executionNumber":3,"includeJobExecutionState":true,"includeJobDocument":true,
            "stepTimeoutInMinutes":-1,"other":{}})",
        token);
    const auto read = read_update(*body);
    ASSERT_TRUE(read) << read.error().context;
    EXPECT_EQ(read->wanted, status::failed);
    EXPECT_EQ(read->details, (json::object{{"a:b_c-d", "e f"}}));
    EXPECT_EQ(read->expected_version, 2) << "old SDKs send a text";
    EXPECT_EQ(read->number, 3);
    EXPECT_EQ(read->step_timeout_minutes, -1);
    EXPECT_TRUE(read->include_state && read->include_document);
}

TEST(jobs_requests, what_is_wrong_is_named) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {R"({})", "status"},
        {R"({"status":"QUEUED"})", "status"},
        {R"({"status":"CANCELED"})", "status"},
        {R"({"status":1})", "status"},
        {R"({"status":"FAILED","expectedVersion":"x"})", "expectedVersion"},
        {R"({"status":"FAILED","executionNumber":1.5})", "executionNumber"},
        {R"({"status":"FAILED","stepTimeoutInMinutes":0})", "stepTimeoutInMinutes"},
        {R"({"status":"FAILED","stepTimeoutInMinutes":10081})", "stepTimeoutInMinutes"},
        {R"({"status":"FAILED","includeJobDocument":1})", "includeJobDocument"},
        {R"({"status":"FAILED","includeJobExecutionState":"yes"})", "includeJobExecutionState"},
        {R"({"status":"FAILED","statusDetails":[]})", "statusDetails"},
        {R"({"status":"FAILED","statusDetails":{"a b":"c"}})", "statusDetails"},
        {R"({"status":"FAILED","statusDetails":{"a":1}})", "statusDetails.a"},
        {R"({"status":"FAILED","statusDetails":{"a":""}})", "statusDetails.a"},
        {R"({"status":"FAILED","statusDetails":{"a":"\n"}})", "statusDetails.a"},
    };
    for (const auto& [text, named] : cases) {
        const auto said = update(text);
        EXPECT_TRUE(said.starts_with("InvalidRequest") && said.find(named) != std::string::npos)
            << text << " -> " << said;
    }
    json::object many;
    for (int i = 0; i < 11; ++i) {
        many["n" + std::to_string(i)] = "v";
    }
    EXPECT_FALSE(check_details(many));
    EXPECT_FALSE(check_details({{"a", std::string(1025, 'v')}}));
}

TEST(jobs_documents, presigned_urls_stand_in_texts_at_any_depth) {
    const std::string document =
        R"({"files":[{"url":"${aws:iot:s3-presigned-url:https://s3/b/k}"}],
            "two":"<${aws:iot:s3-presigned-url:u1}|${aws:iot:s3-presigned-url:u2}>","n":1})";
    ASSERT_TRUE(check_document(document));
    EXPECT_TRUE(has_presigned_urls(document));
    const auto done = with_presigned_urls(document, [](std::string_view url) {
        return result<std::string>("[" + std::string(url) + "]");
    });
    ASSERT_TRUE(done);
    EXPECT_EQ(
        parse_json(*done).value(),
        parse_json(R"({"files":[{"url":"[https://s3/b/k]"}],"two":"<[u1]|[u2]>","n":1})").value());
    EXPECT_FALSE(with_presigned_urls(document, [](std::string_view) -> result<std::string> {
        return error{errc::invalid_request, "no"};
    }));
}

TEST(jobs_documents, what_is_no_document_is_refused) {
    for (const std::string& text :
         {std::string("{"), std::string("1"), std::string("\"a\""),
          std::string(R"({"a":"${aws:iot:s3-presigned-url:https://s3/b/k"})"),
          "{\"a\":\"" + std::string(max_document_bytes, 'a') + "\"}"}) {
        const auto checked = check_document(text);
        ASSERT_FALSE(checked) << text.substr(0, 80);
        EXPECT_EQ(checked.error().code, make_error_code(errc::invalid_request));
    }
}

}  // namespace
}  // namespace evergrass::jobs
