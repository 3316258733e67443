#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/roles.hpp"

namespace evergrass::cloud::greengrass {

api_result associate_role_to_group(greengrass_services& in, const call& from) {
    return associate_role(in, required_text(from, "GroupId"), required_text(from, "RoleArn"));
}

}  // namespace evergrass::cloud::greengrass
