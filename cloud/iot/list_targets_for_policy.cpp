#include "cloud/iot/attachment_lists.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_targets_for_policy(registry& in, const call& from) {
    return list_targets_of(in, from, "targets");
}

}  // namespace evergrass::cloud::iot
