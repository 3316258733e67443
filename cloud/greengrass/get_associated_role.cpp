#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/roles.hpp"

namespace evergrass::cloud::greengrass {

api_result get_associated_role(greengrass_services& in, const call& from) {
    return associated_role(in, required_text(from, "GroupId"),
                           "You need to attach an IAM role to this deployment group.");
}

}  // namespace evergrass::cloud::greengrass
