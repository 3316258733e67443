#include "libs/shadow/messages.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass::shadow {
namespace {

json::value parsed(const std::string& text) {
    return parse_json(text).value();
}

update_request update_of(std::string_view payload) {
    client_token token;
    return parse_update(payload, token).value();
}

document after(std::initializer_list<std::string_view> payloads) {
    document made;
    std::int64_t now = 100;
    for (const auto payload : payloads) {
        made = apply(made, update_of(payload), now++).value();
    }
    return made;
}

TEST(shadow_messages, get_has_both_sections_and_what_they_differ_in) {
    const auto made = after(
        {R"({"state":{"desired":{"a":1,"b":2}}})", R"({"state":{"reported":{"a":1,"c":3}}})"});
    EXPECT_EQ(parsed(get_accepted(made, 200, "t")), parsed(R"({
        "state": {"desired": {"a": 1, "b": 2}, "reported": {"a": 1, "c": 3}, "delta": {"b": 2}},
        "metadata": {"desired": {"a": {"timestamp": 100}, "b": {"timestamp": 100}},
                     "reported": {"a": {"timestamp": 101}, "c": {"timestamp": 101}}},
        "version": 2, "timestamp": 200, "clientToken": "t"})"));
}

TEST(shadow_messages, get_of_an_emptied_shadow_has_empty_objects) {
    const auto made = after({R"({"state":{"desired":{"a":1}}})", R"({"state":null})"});
    EXPECT_EQ(parsed(get_accepted(made, 200, {})),
              parsed(R"({"state":{},"metadata":{},"version":2,"timestamp":200})"));
}

TEST(shadow_messages, accepted_says_what_was_sent) {
    const auto update = update_of(
        R"({"state":{"desired":{"a":1,"b":null,"c":[1,{"d":2}],"e":{}},"reported":null},"other":1})");
    document made;
    made.version = 4;
    EXPECT_EQ(parsed(update_accepted(update, made, 9, {})), parsed(R"({
        "state": {"desired": {"a": 1, "b": null, "c": [1, {"d": 2}], "e": {}}, "reported": null},
        "metadata": {"desired": {"a": {"timestamp": 9}, "b": {"timestamp": 9},
                                 "c": [{"timestamp": 9}, {"d": {"timestamp": 9}}], "e": {}},
                     "reported": {"timestamp": 9}},
        "version": 4, "timestamp": 9})"));
    EXPECT_EQ(parsed(update_accepted(update_of(R"({"state":null})"), made, 9, "t")), parsed(R"({
        "state": null, "metadata": {"timestamp": 9}, "version": 4, "timestamp": 9,
        "clientToken": "t"})"));
}

TEST(shadow_messages, delta_has_metadata_of_desired) {
    const auto made = after({R"({"state":{"desired":{"a":1,"b":{"c":2,"d":3}}}})",
                             R"({"state":{"reported":{"b":{"d":3}}}})"});
    EXPECT_EQ(parsed(update_delta(delta_of(made), made, 200, "t")), parsed(R"({
        "version": 2, "timestamp": 200, "state": {"a": 1, "b": {"c": 2}},
        "metadata": {"a": {"timestamp": 100}, "b": {"c": {"timestamp": 100}}},
        "clientToken": "t"})"));
}

TEST(shadow_messages, documents_show_before_and_after) {
    const auto first = after({R"({"state":{"desired":{"a":1}}})"});
    EXPECT_EQ(parsed(update_documents({}, first, 200, {})), parsed(R"({
        "previous": {"state": {}, "metadata": {}, "version": 0},
        "current": {"state": {"desired": {"a": 1}},
                    "metadata": {"desired": {"a": {"timestamp": 100}}}, "version": 1},
        "timestamp": 200})"));
}

TEST(shadow_messages, delete_and_rejected) {
    document made;
    made.version = 4;
    EXPECT_EQ(parsed(delete_accepted(made, 9, "t")),
              parsed(R"({"version":4,"timestamp":9,"clientToken":"t"})"));
    EXPECT_EQ(
        parsed(rejected(refused(errc::version_conflict), 9, "t")),
        parsed(R"({"code":409,"message":"Version conflict","timestamp":9,"clientToken":"t"})"));
    EXPECT_EQ(parsed(rejected(no_such_shadow({"T", ""}), 9, {})),
              parsed(R"({"code":404,"message":"No shadow exists with name: 'T'","timestamp":9})"));
    EXPECT_EQ(parsed(rejected(no_such_shadow({"T", "N"}), 9, {})),
              parsed(R"({"code":404,"message":"No shadow exists with name: 'N'","timestamp":9})"));
}

TEST(shadow_messages, each_code_has_its_text) {
    const std::pair<errc, std::string> texts[] = {
        {errc::unauthorized, "Unauthorized"},
        {errc::forbidden, "Forbidden"},
        {errc::not_found, "Thing not found"},
        {errc::version_conflict, "Version conflict"},
        {errc::too_large, "The payload exceeds the maximum size allowed"},
        {errc::unsupported_encoding,
         "Unsupported documented encoding; supported encoding is UTF-8"},
        {errc::unprocessable, "Failed to process request"},
        {errc::too_many_requests, "Too many requests"},
        {errc::internal_failure, "Internal service failure"},
    };
    for (const auto& [code, text] : texts) {
        const auto said = to_refusal(refused(code));
        EXPECT_EQ(said.code, static_cast<int>(code));
        EXPECT_EQ(said.message, text);
    }
}

TEST(shadow_messages, faults_of_the_store_are_told_without_their_detail) {
    const error fault{evergrass::errc::corrupt, "/secret/path is broken"};
    EXPECT_EQ(parsed(rejected(fault, 9, {})),
              parsed(R"({"code":500,"message":"Internal service failure","timestamp":9})"));
}

}  // namespace
}  // namespace evergrass::shadow
