#include "cloud/secrets/operations.hpp"

namespace evergrass::cloud::secrets {

api_result update_secret(secret_registry& in, const call& from) {
    auto secret = requested_secret(in, from);
    if (!secret) {
        return secret.error();
    }
    const auto value = requested_value(from);
    if (!value) {
        return value.error();
    }
    if (const auto description = string_member(from.input, "Description")) {
        secret->description = *description;
    }
    if (const auto key = string_member(from.input, "KmsKeyId")) {
        secret->kms_key_id = *key;
    }
    secret->changed_at = now_milliseconds(in);
    if (auto done = write_secret(in, *secret); !done) {
        return done.error();
    }
    json::object output{{"ARN", secret->arn}, {"Name", secret->name}};
    if (*value) {
        const auto token = requested_token(from);
        auto put = put_version(in, *secret, token, **value, {std::string(current)});
        if (!put) {
            return put.error();
        }
        output["VersionId"] = token;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::secrets
