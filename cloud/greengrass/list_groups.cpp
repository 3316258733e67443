#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

api_result list_groups(greengrass_services& in, const call& from) {
    return list_definitions(in, group_family(), from);
}

}  // namespace evergrass::cloud::greengrass
