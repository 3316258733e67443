#include "libs/shadow/document.hpp"

#include "libs/shadow/errors.hpp"
#include "libs/shadow/print.hpp"
#include "libs/shadow/test_invariants.hpp"

#include <gtest/gtest.h>

namespace evergrass::shadow {
namespace {

json::value parsed(std::string_view text) {
    return parse_json(text).value();
}

std::string refusal_of(std::string_view payload) {
    std::optional<std::string> token;
    const auto update = parse_update(payload, token);
    if (update) {
        return "taken";
    }
    const auto said = to_refusal(update.error());
    return std::to_string(said.code) + " " + said.message;
}

class shadow_document : public ::testing::Test {
protected:
    result<document> try_update(std::string_view payload) {
        std::optional<std::string> token;
        const auto update = parse_update(payload, token);
        return update ? apply(document_, *update, ++now_) : result<document>(update.error());
    }
    void update(std::string_view payload) {
        auto updated = try_update(payload);
        ASSERT_TRUE(updated) << payload << ": " << updated.error().message();
        EXPECT_EQ(updated->version, document_.version + 1);
        document_ = std::move(*updated);
        EXPECT_EQ(broken_invariant(document_, now_), std::nullopt) << payload;
    }
    json::value state() const { return document_.state; }
    json::value delta() const { return delta_of(document_).state; }

    document document_;
    std::int64_t now_ = 1000;
};

TEST_F(shadow_document, leaves_are_merged_into_what_is_there) {
    update(R"({"state":{"desired":{"a":{"b":1,"c":2},"d":3}}})");
    update(R"({"state":{"desired":{"a":{"c":4,"e":{"f":5}}},"reported":{"d":3}}})");
    EXPECT_EQ(state(), parsed(R"({"desired":{"a":{"b":1,"c":4,"e":{"f":5}},"d":3},
                                  "reported":{"d":3}})"));
    EXPECT_EQ(json::value(document_.metadata),
              parsed(R"({"desired":{"a":{"b":{"timestamp":1001},"c":{"timestamp":1002},
                                         "e":{"f":{"timestamp":1002}}},"d":{"timestamp":1001}},
                         "reported":{"d":{"timestamp":1002}}})"));
}

TEST_F(shadow_document, null_removes_members_and_sections) {
    update(R"({"state":{"desired":{"a":{"b":1,"c":2},"d":3},"reported":{"a":1}}})");
    update(R"({"state":{"desired":{"a":{"b":null},"d":null,"unknown":null}}})");
    EXPECT_EQ(state(), parsed(R"({"desired":{"a":{"c":2}},"reported":{"a":1}})"));
    update(R"({"state":{"desired":{"a":null}}})");
    EXPECT_EQ(state(), parsed(R"({"reported":{"a":1}})"));
    update(R"({"state":{"reported":null,"desired":null}})");
    EXPECT_EQ(state(), parsed("{}"));
    EXPECT_TRUE(document_.exists);
    EXPECT_EQ(document_.version, 4);
}

TEST_F(shadow_document, an_object_inside_a_section_may_be_empty) {
    update(R"({"state":{"desired":{"d":{}},"reported":{}}})");
    EXPECT_EQ(state(), parsed(R"({"desired":{"d":{}}})"));
    EXPECT_EQ(delta(), parsed(R"({"d":{}})"));
    update(R"({"state":{"desired":{"new":{"a":null,"b":1}}}})");
    EXPECT_EQ(state(), parsed(R"({"desired":{"d":{},"new":{"b":1}}})"));
    update(R"({"state":{"desired":{"new":{"b":null}},"reported":{"d":{"x":1},"new":{}}}})");
    EXPECT_EQ(state(),
              parsed(R"({"desired":{"d":{},"new":{}},"reported":{"d":{"x":1},"new":{}}})"));
    EXPECT_EQ(delta(), parsed("{}"));
}

TEST_F(shadow_document, scalars_objects_and_arrays_replace_one_another) {
    update(R"({"state":{"desired":{"a":1,"b":{"c":1},"d":[1]}}})");
    update(R"({"state":{"desired":{"a":{"x":1},"b":2,"d":{"y":[]}}}})");
    EXPECT_EQ(state(), parsed(R"({"desired":{"a":{"x":1},"b":2,"d":{"y":[]}}})"));
    update(R"({"state":{"desired":{"a":[1],"b":{},"d":"z"}}})");
    EXPECT_EQ(state(), parsed(R"({"desired":{"a":[1],"b":{},"d":"z"}})"));
}

TEST_F(shadow_document, a_member_named_timestamp_is_like_others) {
    update(R"({"state":{"reported":{"a":{"timestamp":5}}}})");
    update(R"({"state":{"reported":{"a":{"timestamp":6}}}})");
    EXPECT_EQ(json::value(document_.metadata),
              parsed(R"({"reported":{"a":{"timestamp":{"timestamp":1002}}}})"));
    update(R"({"state":{"reported":{"a":1}}})");
    EXPECT_EQ(json::value(document_.metadata), parsed(R"({"reported":{"a":{"timestamp":1003}}})"));
    update(R"({"state":{"reported":{"a":{"timestamp":7}}}})");
    EXPECT_EQ(json::value(document_.metadata),
              parsed(R"({"reported":{"a":{"timestamp":{"timestamp":1004}}}})"));
}

TEST_F(shadow_document, arrays_are_replaced_whole_with_metadata_of_each_element) {
    update(R"({"state":{"desired":{"a":[1,2,{"b":3}]}}})");
    update(R"({"state":{"desired":{"a":[4,{"b":5}]}}})");
    EXPECT_EQ(state(), parsed(R"({"desired":{"a":[4,{"b":5}]}})"));
    EXPECT_EQ(json::value(document_.metadata),
              parsed(R"({"desired":{"a":[{"timestamp":1002},{"b":{"timestamp":1002}}]}})"));
}

TEST_F(shadow_document, a_null_state_empties_it) {
    update(R"({"state":{"desired":{"a":1}}})");
    update(R"({"state":null})");
    EXPECT_EQ(state(), parsed("{}"));
    EXPECT_TRUE(document_.exists);
}

TEST_F(shadow_document, an_update_without_change_counts_too) {
    update(R"({"state":{}})");
    update(R"({"state":{}})");
    EXPECT_EQ(document_.version, 2);
    EXPECT_TRUE(document_.exists);
}

TEST_F(shadow_document, a_version_holds_the_update_to_it) {
    update(R"({"state":{"desired":{"a":1}},"version":0})");
    update(R"({"state":{"desired":{"a":2}},"version":1})");
    for (const auto* payload :
         {R"({"state":{"desired":{"a":3}},"version":1})", R"({"state":null,"version":3})"}) {
        const auto refused = try_update(payload);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::version_conflict);
    }
    EXPECT_EQ(state(), parsed(R"({"desired":{"a":2}})"));
}

TEST_F(shadow_document, the_version_goes_on_after_a_delete) {
    const shadow_id id{"T", ""};
    update(R"({"state":{"desired":{"a":1}}})");
    update(R"({"state":{"desired":{"a":2}}})");
    auto gone = remove(document_, id);
    ASSERT_TRUE(gone);
    document_ = *gone;
    EXPECT_FALSE(document_.exists);
    EXPECT_EQ(document_.version, 2);
    EXPECT_EQ(remove(document_, id).error().code, errc::not_found);
    update(R"({"state":{"reported":{"b":1}}})");
    EXPECT_EQ(document_.version, 3);
    EXPECT_EQ(state(), parsed(R"({"reported":{"b":1}})"));
}

TEST_F(shadow_document, delta_has_only_what_differs) {
    update(R"({"state":{"desired":{"same":1,"other":2,"missing":3,"deep":{"same":[1],"other":[1,2]},
                                   "object":{"x":1},"scalar":1},
                        "reported":{"same":1,"other":0,"deep":{"same":[1],"other":[2,1],"more":1},
                                    "object":1,"scalar":{"x":1},"only":1}}})");
    EXPECT_EQ(delta(), parsed(R"({"other":2,"missing":3,"deep":{"other":[1,2]},"object":{"x":1},
                                  "scalar":1})"));
    update(R"({"state":{"reported":null}})");
    EXPECT_EQ(delta(), state().at("desired"));
    update(R"({"state":{"desired":null,"reported":{"a":1}}})");
    EXPECT_EQ(delta(), parsed("{}"));
}

TEST_F(shadow_document, numbers_are_compared_by_value) {
    update(R"({"state":{"desired":{"a":21.0,"b":[{"c":1}],"d":18446744073709551615},
                        "reported":{"a":21,"b":[{"c":1.0}],"d":18446744073709551615}}})");
    EXPECT_EQ(delta(), parsed("{}"));
    update(R"({"state":{"reported":{"a":21.5}}})");
    EXPECT_EQ(delta(), parsed(R"({"a":21.0})"));
    update(R"({"state":{"desired":{"a":1},"reported":{"a":true}}})");
    EXPECT_EQ(delta(), parsed(R"({"a":1})"));
}

TEST_F(shadow_document, the_state_may_have_8_kilobytes) {
    // {"a":"…"} in each section: 8 bytes around the text.
    const auto text = [](std::size_t bytes) { return std::string(bytes, 'x'); };
    update(R"({"state":{"desired":{"a":")" + text(max_state_bytes - 8 - 108) + R"("}}})");
    update("{ \"state\" :\n\n{\"reported\" : {\"a\"   : \"" + text(100) + "\"}}}");
    const auto refused = try_update(R"({"state":{"reported":{"a":")" + text(101) + R"("}}})");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::too_large);
    EXPECT_EQ(refused.error().context, "The payload exceeds the maximum size allowed");
    update(R"({"state":{"desired":{"a":1}}})");  // what makes it smaller is taken
}

TEST_F(shadow_document, a_state_with_every_character_escaped_fits) {
    std::string escaped;
    for (std::size_t i = 0; i < max_state_bytes - 8; ++i) {
        escaped += "\\u0041";
    }
    update(R"({"state":{"reported":{"a":")" + escaped + R"("}}})");
    const std::string blanks(max_request_bytes, ' ');
    EXPECT_EQ(refusal_of(R"({"state":{}})" + blanks),
              "413 The payload exceeds the maximum size allowed");
    std::optional<std::string> token;
    EXPECT_TRUE(parse_plain_request(blanks, token));
    EXPECT_FALSE(parse_plain_request(blanks + " ", token));
}

TEST_F(shadow_document, the_client_token_is_read_even_of_what_is_refused) {
    std::optional<std::string> token;
    EXPECT_FALSE(parse_update(R"({"clientToken":"t"})", token));
    EXPECT_EQ(token, "t");
    token.reset();
    EXPECT_TRUE(
        parse_update(R"({"state":{},"clientToken":")" + std::string(64, 'x') + R"("})", token));
    EXPECT_EQ(token, std::string(64, 'x'));
    token.reset();
    EXPECT_TRUE(parse_update(R"({"state":{},"clientToken":null,"version":null})", token));
    EXPECT_EQ(token, std::nullopt);
}

TEST(shadow_update, is_refused_with_the_services_texts) {
    EXPECT_EQ(refusal_of(""), "400 Invalid JSON");
    EXPECT_EQ(refusal_of("{"), "400 Invalid JSON");
    EXPECT_EQ(refusal_of("[]"), "400 Invalid JSON");
    EXPECT_EQ(refusal_of("{} {}"), "400 Invalid JSON");
    EXPECT_EQ(refusal_of("{}"), "400 Missing required node: state");
    EXPECT_EQ(refusal_of(R"({"state":1})"), "400 State node must be an object");
    EXPECT_EQ(refusal_of(R"({"state":[]})"), "400 State node must be an object");
    EXPECT_EQ(refusal_of(R"({"state":{"desired":1}})"), "400 Desired node must be an object");
    EXPECT_EQ(refusal_of(R"({"state":{"reported":[]}})"), "400 Reported node must be an object");
    EXPECT_EQ(refusal_of(R"({"state":{"delta":{}}})"),
              "400 State contains an invalid node: 'delta'");
    EXPECT_EQ(refusal_of(R"({"state":{"desired":{"a":{"b":[[1,null]]}}}})"),
              "400 State contains an invalid node: 'desired.a.b'; an array must not contain null");
    EXPECT_EQ(refusal_of(R"({"state":{"reported":{"a":1e999}}})"),
              "400 State contains an invalid node: 'reported.a'; the number is out of range");
    for (const auto* version : {"-1", "1.5", "\"1\"", "true", "1e30", "{}"}) {
        EXPECT_EQ(refusal_of(R"({"state":{},"version":)" + std::string(version) + "}"),
                  "400 Invalid version")
            << version;
    }
    EXPECT_EQ(refusal_of(R"({"state":{},"clientToken":1})"), "400 Invalid clientToken");
    EXPECT_EQ(refusal_of(R"({"state":{},"clientToken":")" + std::string(65, 'x') + R"("})"),
              "400 Invalid clientToken");
    EXPECT_EQ(refusal_of("{\"state\":{\"desired\":{\"a\":\"\xff\"}}}"),
              "415 Unsupported documented encoding; supported encoding is UTF-8");
    EXPECT_EQ(refusal_of(R"({"state":{},"metadata":{"x":1},"timestamp":"y"})"), "taken");
}

TEST(shadow_update, six_levels_are_the_most) {
    const auto nested = [](int objects, const std::string& inside) {
        std::string text;
        for (int i = 0; i < objects; ++i) {
            text += R"({"a":)";
        }
        text += inside;
        return R"({"state":{"desired":)" + text +
               std::string(static_cast<std::size_t>(objects), '}') + "}}";
    };
    const std::string refused = "400 JSON contains too many levels of nesting; maximum is 6";
    EXPECT_EQ(refusal_of(nested(6, "1")), "taken");
    EXPECT_EQ(refusal_of(nested(7, "1")), refused);
    EXPECT_EQ(refusal_of(nested(5, "[1]")), "taken");
    EXPECT_EQ(refusal_of(nested(6, "[1]")), refused);
    EXPECT_EQ(refusal_of(nested(6, "{}")), refused);
    EXPECT_EQ(refusal_of(nested(40, "1")), refused);
    EXPECT_EQ(refusal_of(nested(10'000, "1")), "400 Invalid JSON");
}

TEST(shadow_plain_request, may_be_empty_or_have_a_client_token) {
    std::optional<std::string> token;
    EXPECT_TRUE(parse_plain_request("", token));
    EXPECT_TRUE(parse_plain_request(" \r\n", token));
    EXPECT_TRUE(parse_plain_request("{}", token));
    EXPECT_EQ(token, std::nullopt);
    EXPECT_TRUE(parse_plain_request(R"({"clientToken":"t","other":[]})", token));
    EXPECT_EQ(token, "t");
    EXPECT_EQ(parse_plain_request("x", token).error().context, "Invalid JSON");
    EXPECT_EQ(parse_plain_request("[]", token).error().context, "Invalid JSON");
    EXPECT_EQ(parse_plain_request(R"({"clientToken":{}})", token).error().context,
              "Invalid clientToken");
    EXPECT_EQ(parse_plain_request("\xff", token).error().code, errc::unsupported_encoding);
}

}  // namespace
}  // namespace evergrass::shadow
