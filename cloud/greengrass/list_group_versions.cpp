#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

api_result list_group_versions(greengrass_services& in, const call& from) {
    return list_definition_versions(in, group_family(), from);
}

}  // namespace evergrass::cloud::greengrass
