#include "cloud/iot/operations.hpp"
#include "cloud/iot/policy_versions.hpp"
#include "cloud/iot/tags.hpp"

namespace evergrass::cloud::iot {

api_result create_policy(registry& in, const call& from) {
    const auto name = required_text(from, "policyName");
    const auto document = required_text(from, "policyDocument");
    if (auto malformed = check_policy_document(document)) {
        return *malformed;
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = find_policy(in, name);
        if (!found) {
            return found.error();
        }
        if (*found) {
            return api_error{409,
                             "ResourceAlreadyExistsException",
                             "Policy cannot be created - name already exists (name=" + name + ")",
                             {{"resourceId", name}, {"resourceArn", policy_arn(in, name)}}};
        }
        if (auto failed = write(in, "iot.create_policy",
                                "INSERT INTO policies(name, default_version, last_version,"
                                " created_at, updated_at) VALUES(?1, 1, 1, ?2, ?2)",
                                {name, now_milliseconds(in)})) {
            return *failed;
        }
        if (auto failed = insert_policy_version(in, name, 1, document)) {
            return *failed;
        }
        if (auto refused = add_tags(in, policy_arn(in, name), array_member(from.input, "tags"))) {
            return *refused;
        }
        return reply{{{"policyName", name},
                      {"policyArn", policy_arn(in, name)},
                      {"policyDocument", document},
                      {"policyVersionId", "1"}}};
    });
}

}  // namespace evergrass::cloud::iot
