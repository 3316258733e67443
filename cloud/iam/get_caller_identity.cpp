#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

// An access key is a user of its own; the gateway says who acts with temporary credentials.
api_result get_caller_identity(iam_registry& in, const call& from) {
    const auto user = "arn:" + in.identity.partition + ":iam::" + in.identity.account + ":user/" +
                      from.access_key_id;
    return reply{{{"UserId", from.access_key_id},
                  {"Account", in.identity.account},
                  {"Arn", string_member(from.input, "CallerArn").value_or(user)}}};
}

}  // namespace evergrass::cloud::iam
