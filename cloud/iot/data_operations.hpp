#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/iot/hub.hpp"
#include "libs/base/time.hpp"

namespace evergrass::cloud {

// Adds the operations of the service "iot-data" that this build has. What is passed outlives the
// table.
void add_iot_data_operations(operation_table& table, hub& devices, const clock& time);

namespace iot {

api_result publish(hub& devices, const clock& time, const call& from);

}  // namespace iot
}  // namespace evergrass::cloud
