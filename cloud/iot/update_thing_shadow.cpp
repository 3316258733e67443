#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/shadow_operations.hpp"

namespace evergrass::cloud::iot {

api_result update_thing_shadow(shadow_service& shadows, const call& from) {
    return ask_and_wait(shadows, shadow::operation::update, from);
}

}  // namespace evergrass::cloud::iot
