#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/iot/hub.hpp"

namespace evergrass::cloud {

// Adds the operations of the service "iot-data" that this build has. `devices` outlives the table.
void add_iot_data_operations(operation_table& table, hub& devices);

namespace iot {

api_result publish(hub& devices, const call& from);

}  // namespace iot
}  // namespace evergrass::cloud
