#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

api_result update_group(greengrass_services& in, const call& from) {
    return update_definition(in, group_family(), from);
}

}  // namespace evergrass::cloud::greengrass
