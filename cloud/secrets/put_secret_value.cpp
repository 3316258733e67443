#include "cloud/secrets/operations.hpp"

#include <algorithm>

namespace evergrass::cloud::secrets {

api_result put_secret_value(secret_registry& in, const call& from) {
    const auto secret = requested_secret(in, from);
    if (!secret) {
        return secret.error();
    }
    const auto value = requested_value(from);
    if (!value) {
        return value.error();
    }
    if (!*value) {
        return invalid_request("You must provide either SecretString or SecretBinary.");
    }
    std::vector<std::string> stages;
    if (const auto* wanted = array_member(from.input, "VersionStages")) {
        for (const auto& stage : *wanted) {
            stages.emplace_back(stage.as_string());
        }
    }
    if (stages.empty()) {
        stages.emplace_back(current);
    }
    const auto token = requested_token(from);
    if (auto put = put_version(in, *secret, token, **value, stages); !put) {
        return put.error();
    }
    const auto versions = versions_of(in, secret->arn);
    if (!versions) {
        return versions.error();
    }
    const auto made = std::ranges::find(*versions, token, &version_record::id);
    return reply{{{"ARN", secret->arn},
                  {"Name", secret->name},
                  {"VersionId", token},
                  {"VersionStages", as_array(made->stages)}}};
}

}  // namespace evergrass::cloud::secrets
