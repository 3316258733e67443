#include "cloud/iot/policy.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud {
namespace {

bool allowed(std::string_view document, const policy_question& question) {
    auto parsed = parse_policy(document);
    EXPECT_TRUE(parsed) << parsed.error().message();
    const policy* one[] = {&*parsed};
    return allows(one, question);
}

std::string statement(std::string_view effect, std::string_view action, std::string_view resource) {
    return R"({"Effect":")" + std::string(effect) + R"(","Action":")" + std::string(action) +
           R"(","Resource":")" + std::string(resource) + R"("})";
}

std::string document(std::initializer_list<std::string> statements) {
    std::string text = R"({"Version":"2012-10-17","Statement":[)";
    for (const auto& each : statements) {
        text += (text.back() == '[' ? "" : ",") + each;
    }
    return text + "]}";
}

policy_question publish(std::string_view resource) {
    return {"iot:Publish", resource, {}, {}};
}

TEST(policy, what_no_statement_allows_is_denied) {
    EXPECT_FALSE(allowed(document({statement("Allow", "iot:Connect", "*")}), publish("arn:t")));
}

TEST(policy, a_deny_wins_over_an_allow_in_either_order) {
    const auto allow = statement("Allow", "iot:*", "*");
    const auto deny = statement("Deny", "iot:Publish", "arn:topic/secret/*");
    for (const auto& text : {document({allow, deny}), document({deny, allow})}) {
        EXPECT_FALSE(allowed(text, publish("arn:topic/secret/a")));
        EXPECT_TRUE(allowed(text, publish("arn:topic/open/a")));
    }
}

TEST(policy, star_and_question_mark_are_wildcards_while_mqtt_wildcards_are_literal) {
    const auto text = document({statement("Allow", "iot:*", "arn:topic/a?c/*"),
                                statement("Allow", "iot:*", "arn:topicfilter/+/b/#")});
    EXPECT_TRUE(allowed(text, publish("arn:topic/abc/")));
    EXPECT_TRUE(allowed(text, publish("arn:topic/abc/d/e")));
    EXPECT_FALSE(allowed(text, publish("arn:topic/ac/d")));
    EXPECT_TRUE(allowed(text, publish("arn:topicfilter/+/b/#")));
    EXPECT_FALSE(allowed(text, publish("arn:topicfilter/a/b/c")));
}

TEST(policy, a_star_may_stand_anywhere_and_match_nothing) {
    const auto text = document({statement("Allow", "iot:*", "arn:*/a*b*")});
    EXPECT_TRUE(allowed(text, publish("arn:x/ab")));
    EXPECT_TRUE(allowed(text, publish("arn:x/aab/bab")));
    EXPECT_FALSE(allowed(text, publish("arn:x/ba")));
}

TEST(policy, actions_compare_without_case) {
    EXPECT_TRUE(allowed(document({statement("Allow", "IOT:publ*", "*")}), publish("arn:a")));
}

TEST(policy, not_action_and_not_resource_take_all_but_the_listed) {
    const auto text = document({R"({"Effect":"Allow","NotAction":"iot:Connect","Resource":"*"})"});
    EXPECT_TRUE(allowed(text, publish("arn:a")));
    EXPECT_FALSE(allowed(text, {"iot:Connect", "arn:a", {}, {}}));
    const auto other =
        document({R"({"Effect":"Allow","Action":"iot:*","NotResource":["arn:a","arn:b*"]})"});
    EXPECT_FALSE(allowed(other, publish("arn:a")));
    EXPECT_FALSE(allowed(other, publish("arn:bcd")));
    EXPECT_TRUE(allowed(other, publish("arn:c")));
}

TEST(policy, variables_take_the_connections_values) {
    const auto text =
        document({statement("Allow", "iot:*", "arn:topic/${iot:ClientId}/up"),
                  statement("Allow", "iot:*", "arn:client/${iot:Connection.Thing.ThingName}-*")});
    EXPECT_TRUE(allowed(text, {"iot:Publish", "arn:topic/c1/up", "c1", {}}));
    EXPECT_FALSE(allowed(text, {"iot:Publish", "arn:topic/c2/up", "c1", {}}));
    EXPECT_TRUE(allowed(text, {"iot:Connect", "arn:client/core-1", "core-1", "core"}));
    EXPECT_FALSE(allowed(text, {"iot:Connect", "arn:client/core-1", "core-1", {}}));
}

TEST(policy, wildcards_in_a_client_id_widen_nothing) {
    const auto text = document({statement("Allow", "iot:*", "arn:topicfilter/${iot:ClientId}/x")});
    EXPECT_FALSE(allowed(text, {"iot:Subscribe", "arn:topicfilter/victim/x", "*", {}}));
    EXPECT_FALSE(allowed(text, {"iot:Subscribe", "arn:topicfilter/+/x", "+", {}}));
    EXPECT_FALSE(allowed(text, {"iot:Subscribe", "arn:topicfilter/#/x", "#", {}}));
}

TEST(policy, wildcards_in_a_things_name_widen_nothing) {
    const auto text = document(
        {statement("Allow", "iot:*", "arn:topicfilter/${iot:Connection.Thing.ThingName}/x")});
    EXPECT_TRUE(allowed(text, {"iot:Subscribe", "arn:topicfilter/t/x", "c", "t"}));
    EXPECT_FALSE(allowed(text, {"iot:Subscribe", "arn:topicfilter/victim/x", "c", "*"}));
    EXPECT_FALSE(allowed(text, {"iot:Subscribe", "arn:topicfilter/v/x", "c", "?"}));
    EXPECT_FALSE(allowed(text, {"iot:Subscribe", "arn:topicfilter/+/x", "c", "+"}));
    EXPECT_FALSE(allowed(text, {"iot:Subscribe", "arn:topicfilter/#/x", "c", "#"}));
}

TEST(policy, an_unknown_variable_grants_nothing_and_lifts_no_deny) {
    EXPECT_FALSE(
        allowed(document({statement("Allow", "iot:*", "arn:${aws:SourceIp}*")}), publish("arn:a")));
    EXPECT_FALSE(allowed(document({statement("Allow", "iot:*", "*"),
                                   statement("Deny", "iot:*", "arn:${aws:SourceIp}*")}),
                         publish("arn:a")));
    EXPECT_FALSE(allowed(
        document(
            {R"({"Effect":"Allow","Action":"iot:*","NotResource":"arn:${iot:Certificate.Subject}"})"}),
        publish("arn:a")));
}

TEST(policy, a_condition_grants_nothing_and_lifts_no_deny) {
    const std::string condition = R"(,"Condition":{"Bool":{"x":"true"}}})";
    auto allow = statement("Allow", "iot:*", "*");
    auto deny = statement("Deny", "iot:Publish", "*");
    EXPECT_FALSE(
        allowed(document({allow.substr(0, allow.size() - 1) + condition}), publish("arn:a")));
    EXPECT_FALSE(
        allowed(document({allow, deny.substr(0, deny.size() - 1) + condition}), publish("arn:a")));
}

TEST(policy, dollar_escapes_stand_for_the_characters_themselves) {
    const auto text = document({statement("Allow", "iot:*", "arn:a${*}b${?}${$}")});
    EXPECT_TRUE(allowed(text, publish("arn:a*b?$")));
    EXPECT_FALSE(allowed(text, publish("arn:axbyz")));
}

TEST(policy, an_unclosed_variable_is_plain_text) {
    const auto text = document({statement("Allow", "iot:*", "arn:${iot")});
    EXPECT_TRUE(allowed(text, publish("arn:${iot")));
}

TEST(policy, a_single_statement_needs_no_list) {
    EXPECT_TRUE(allowed(R"({"Statement":)" + statement("Allow", "*", "*") + "}", publish("arn:a")));
}

class malformed_policy : public ::testing::TestWithParam<const char*> {};

TEST_P(malformed_policy, is_refused) {
    EXPECT_FALSE(parse_policy(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    documents, malformed_policy,
    ::testing::Values(
        "", "{", "[]", "{}", R"({"Statement":[]})", R"({"Statement":[1]})",
        R"({"Version":"2013-01-01","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})",
        R"({"Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]})",
        R"({"Statement":[{"Action":"*","Resource":"*"}]})",
        R"({"Statement":[{"Effect":"Allow","Resource":"*"}]})",
        R"({"Statement":[{"Effect":"Allow","Action":"*"}]})",
        R"({"Statement":[{"Effect":"Allow","Action":"*","NotAction":"a:b","Resource":"*"}]})",
        R"({"Statement":[{"Effect":"Allow","Action":[],"Resource":"*"}]})",
        R"({"Statement":[{"Effect":"Allow","Action":["iot:*",3],"Resource":"*"}]})",
        R"({"Statement":[{"Effect":"Allow","Action":"Connect","Resource":"*"}]})",
        R"({"Statement":[{"Effect":"Allow","Action":"*","Resource":"topic/a"}]})",
        R"({"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}]})"));

TEST(policy, a_document_over_the_limit_is_refused) {
    EXPECT_FALSE(parse_policy(std::string(max_policy_bytes + 1, ' ')));
}

TEST(policy, variables_of_the_certificate_and_the_thing) {
    const policy_variables certificate = {{"iot:Certificate.Subject.CommonName", "acme"}};
    const policy_variables thing = {{"iot:Connection.Thing.Attributes[line]", "7"},
                                    {"iot:Connection.Thing.ThingTypeName", "a*"}};
    auto question = publish("arn:topic/acme/7");
    question.of_certificate = &certificate;
    const auto text = document({statement("Allow", "iot:Publish",
                                          "arn:topic/${iot:Certificate.Subject.CommonName}/"
                                          "${iot:Connection.Thing.Attributes[line]}")});
    EXPECT_FALSE(allowed(text, question)) << "no thing, no value";
    question.of_thing = &thing;
    EXPECT_TRUE(allowed(text, question));
    question.resource = "arn:topic/acme/8";
    EXPECT_FALSE(allowed(text, question));
    question.resource = "arn:topic/abc";
    EXPECT_FALSE(allowed(document({statement("Allow", "iot:Publish",
                                             "arn:topic/${iot:Connection.Thing.ThingTypeName}")}),
                         question))
        << "a value with a wildcard is none";
}

}  // namespace
}  // namespace evergrass::cloud
