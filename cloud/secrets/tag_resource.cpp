#include "cloud/secrets/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::secrets {

api_result tag_resource(secret_registry& in, const call& from) {
    const auto secret = requested_secret(in, from);
    if (!secret) {
        return secret.error();
    }
    const auto done =
        set_tags(in.state, secret->arn, tags_from_list(array_member(from.input, "Tags")));
    return done ? api_result(reply{}) : api_result(internal_error(done.error()));
}

}  // namespace evergrass::cloud::secrets
