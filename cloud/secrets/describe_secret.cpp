#include "cloud/secrets/operations.hpp"
#include "cloud/secrets/shown.hpp"

namespace evergrass::cloud::secrets {

// One that is to be deleted is shown too, with its DeletedDate.
api_result describe_secret(secret_registry& in, const call& from) {
    const auto secret = require_secret(in, string_member(from.input, "SecretId").value_or(""));
    if (!secret) {
        return secret.error();
    }
    auto output = shown(in, *secret, "VersionIdsToStages");
    return output ? api_result(reply{std::move(*output)}) : api_result(output.error());
}

}  // namespace evergrass::cloud::secrets
