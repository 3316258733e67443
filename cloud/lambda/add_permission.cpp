#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/policies.hpp"

namespace evergrass::cloud::lambda {
namespace {

json::value principal_of(const std::string& text) {
    if (text == "*") {
        return "*";
    }
    if (text.find_first_not_of("0123456789") == std::string::npos) {
        return json::object{{"AWS", "arn:aws:iam::" + text + ":root"}};
    }
    const bool is_service = text.ends_with(".amazonaws.com");
    return json::object{{is_service ? "Service" : "AWS", text}};
}

json::object condition_of(const json::object& input) {
    json::object condition;
    if (const auto source = string_member(input, "SourceArn")) {
        condition["ArnLike"] = {{"AWS:SourceArn", *source}};
    }
    json::object equal;
    if (const auto account = string_member(input, "SourceAccount")) {
        equal["AWS:SourceAccount"] = *account;
    }
    if (const auto organization = string_member(input, "PrincipalOrgID")) {
        equal["aws:PrincipalOrgID"] = *organization;
    }
    if (const auto token = string_member(input, "EventSourceToken")) {
        equal["lambda:EventSourceToken"] = *token;
    }
    if (!equal.empty()) {
        condition["StringEquals"] = std::move(equal);
    }
    return condition;
}

json::object statement_of(const function_registry& in, const function_reference& wanted,
                          const json::object& input) {
    json::object made{{"Sid", string_member(input, "StatementId").value_or("")},
                      {"Effect", "Allow"},
                      {"Principal", principal_of(string_member(input, "Principal").value_or(""))},
                      {"Action", string_member(input, "Action").value_or("")},
                      {"Resource", function_arn_of(in, wanted.name, wanted.qualifier)}};
    if (auto condition = condition_of(input); !condition.empty()) {
        made["Condition"] = std::move(condition);
    }
    return made;
}

}  // namespace

api_result add_permission(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        if (const auto there = require_qualified(in, *wanted); !there) {
            return there.error();
        }
        auto policy = find_policy(in, *wanted);
        if (!policy) {
            return policy.error();
        }
        if (auto wrong = check_policy_revision(from, *policy)) {
            return *wrong;
        }
        auto statements = *policy ? (*policy)->statements : json::array();
        auto made = statement_of(in, *wanted, from.input);
        for (const auto& statement : statements) {
            if (statement.as_object().at("Sid") == made.at("Sid")) {
                return resource_conflict("The statement id (" +
                                         std::string(made.at("Sid").as_string()) +
                                         ") provided already exists. Please provide a new "
                                         "statement id, or remove the existing statement.");
            }
        }
        const auto shown = json::serialize(made);
        statements.push_back(std::move(made));
        if (auto failed = write_policy(in, *wanted, statements)) {
            return *failed;
        }
        return reply{{{"Statement", shown}}, 201};
    });
}

}  // namespace evergrass::cloud::lambda
