#include "cloud/iot/data_operations.hpp"

namespace evergrass::cloud {

void add_iot_data_operations(operation_table& table, hub& devices) {
    table.add("iot-data", "Publish",
              [&devices](const call& from) { return iot::publish(devices, from); });
}

}  // namespace evergrass::cloud
