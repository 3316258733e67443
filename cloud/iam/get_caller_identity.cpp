#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

// An access key is a user of its own.
api_result get_caller_identity(iam_registry& in, const call& from) {
    return reply{{{"UserId", from.access_key_id},
                  {"Account", in.identity.account},
                  {"Arn", from.caller_arn}}};
}

}  // namespace evergrass::cloud::iam
