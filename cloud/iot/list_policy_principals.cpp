#include "cloud/iot/attachment_lists.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_policy_principals(registry& in, const call& from) {
    return list_targets_of(in, from, "principals");
}

}  // namespace evergrass::cloud::iot
