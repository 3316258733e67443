#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/roles.hpp"

namespace evergrass::cloud::greengrass {

api_result get_service_role_for_account(greengrass_services& in, const call&) {
    return associated_role(in, account_scope, "You need to attach a service role to this account.");
}

}  // namespace evergrass::cloud::greengrass
