#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/roles.hpp"

namespace evergrass::cloud::greengrass {

api_result disassociate_service_role_from_account(greengrass_services& in, const call&) {
    return disassociate_role(in, account_scope);
}

}  // namespace evergrass::cloud::greengrass
