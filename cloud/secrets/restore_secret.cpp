#include "cloud/secrets/operations.hpp"

namespace evergrass::cloud::secrets {

api_result restore_secret(secret_registry& in, const call& from) {
    auto secret = require_secret(in, string_member(from.input, "SecretId").value_or(""));
    if (!secret) {
        return secret.error();
    }
    secret->deleted_at.reset();
    secret->purge_at.reset();
    if (auto noted = write_secret(in, *secret); !noted) {
        return noted.error();
    }
    return reply{{{"ARN", secret->arn}, {"Name", secret->name}}};
}

}  // namespace evergrass::cloud::secrets
