#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/policies.hpp"

namespace evergrass::cloud::lambda {

api_result remove_permission(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto id = string_member(from.input, "StatementId").value_or("");
    return in_transaction(in.state, [&]() -> api_result {
        const auto policy = find_policy(in, *wanted);
        if (!policy) {
            return policy.error();
        }
        if (auto wrong = check_policy_revision(from, *policy)) {
            return *wrong;
        }
        json::array left;
        for (const auto& statement : *policy ? (*policy)->statements : json::array()) {
            if (statement.as_object().at("Sid") != json::value(id)) {
                left.push_back(statement);
            }
        }
        if (!*policy || left.size() == (*policy)->statements.size()) {
            return resource_not_found("Statement " + id + " is not found in resource policy.");
        }
        if (auto failed = write_policy(in, *wanted, left)) {
            return *failed;
        }
        return reply{{}, 204};
    });
}

}  // namespace evergrass::cloud::lambda
