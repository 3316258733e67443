#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/iot/hub.hpp"
#include "cloud/iot/shadow_service.hpp"
#include "libs/base/time.hpp"

namespace evergrass::cloud {

// What the operations of "iot-data" work on; it all outlives the operation table.
struct iot_data_parts {
    hub& devices;
    shadow_service& shadows;
    store& state;
    const clock& time;
};

// Adds the operations of the service "iot-data" that this build has.
void add_iot_data_operations(operation_table& table, const iot_data_parts& in);

namespace iot {

api_result publish(hub& devices, const clock& time, const call& from);

api_result get_retained_message(hub& devices, const call& from);
api_result list_retained_messages(hub& devices, const call& from);

api_result get_thing_shadow(shadow_service& shadows, const call& from);
api_result update_thing_shadow(shadow_service& shadows, const call& from);
api_result delete_thing_shadow(shadow_service& shadows, const call& from);
api_result list_named_shadows_for_thing(store& state, const clock& time, const call& from);

}  // namespace iot
}  // namespace evergrass::cloud
