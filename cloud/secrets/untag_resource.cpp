#include "cloud/secrets/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::secrets {

api_result untag_resource(secret_registry& in, const call& from) {
    const auto secret = requested_secret(in, from);
    if (!secret) {
        return secret.error();
    }
    for (const auto& key : *array_member(from.input, "TagKeys")) {
        const auto done = drop_tag(in.state, secret->arn, key.as_string());
        if (!done) {
            return internal_error(done.error());
        }
    }
    return reply{};
}

}  // namespace evergrass::cloud::secrets
