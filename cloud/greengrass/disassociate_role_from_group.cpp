#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/roles.hpp"

namespace evergrass::cloud::greengrass {

api_result disassociate_role_from_group(greengrass_services& in, const call& from) {
    return disassociate_role(in, required_text(from, "GroupId"));
}

}  // namespace evergrass::cloud::greengrass
