#include "cloud/iot/attachment_lists.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_attached_policies(registry& in, const call& from) {
    return list_policies_of(in, from, required_text(from, "target"));
}

}  // namespace evergrass::cloud::iot
