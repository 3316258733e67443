#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/shadow_operations.hpp"

namespace evergrass::cloud::iot {

api_result get_thing_shadow(shadow_service& shadows, const call& from) {
    return ask_and_wait(shadows, shadow::operation::get, from);
}

}  // namespace evergrass::cloud::iot
