#include "cloud/secrets/shown.hpp"

#include "cloud/store/tags.hpp"

namespace evergrass::cloud::secrets {

answer<json::object> shown(secret_registry& in, const secret_record& secret,
                           std::string_view versions_member) {
    const auto versions = versions_of(in, secret.arn);
    if (!versions) {
        return versions.error();
    }
    const auto tags = tags_of(in.state, secret.arn);
    if (!tags) {
        return internal_error(tags.error());
    }
    json::object labels;
    for (const auto& version : *versions) {
        if (!version.stages.empty()) {
            labels[version.id] = as_array(version.stages);
        }
    }
    json::object out{{"ARN", secret.arn},
                     {"Name", secret.name},
                     {"CreatedDate", as_seconds(secret.created_at)},
                     {"LastChangedDate", as_seconds(secret.changed_at)},
                     {"Tags", tags_as_list(*tags)}};
    if (!labels.empty()) {
        out[versions_member] = std::move(labels);
    }
    if (secret.description) {
        out["Description"] = *secret.description;
    }
    if (secret.kms_key_id) {
        out["KmsKeyId"] = *secret.kms_key_id;
    }
    if (secret.accessed_at) {
        out["LastAccessedDate"] = as_seconds(*secret.accessed_at);
    }
    if (secret.deleted_at) {
        out["DeletedDate"] = as_seconds(*secret.deleted_at);
    }
    return out;
}

}  // namespace evergrass::cloud::secrets
