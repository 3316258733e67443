#include "cloud/iot/data_operations.hpp"

namespace evergrass::cloud {

void add_iot_data_operations(operation_table& table, hub& devices, const clock& time) {
    table.add("iot-data", "Publish",
              [&devices, &time](const call& from) { return iot::publish(devices, time, from); });
}

}  // namespace evergrass::cloud
