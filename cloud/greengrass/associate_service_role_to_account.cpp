#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/roles.hpp"

namespace evergrass::cloud::greengrass {

api_result associate_service_role_to_account(greengrass_services& in, const call& from) {
    return associate_role(in, account_scope, required_text(from, "RoleArn"));
}

}  // namespace evergrass::cloud::greengrass
