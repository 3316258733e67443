#include "cloud/greengrass/operations.hpp"

namespace evergrass::cloud::greengrass {

api_result get_group(greengrass_services& in, const call& from) {
    return get_definition(in, group_family(), from);
}

}  // namespace evergrass::cloud::greengrass
