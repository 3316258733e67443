#include "cloud/iot/data_operations.hpp"

namespace evergrass::cloud {

void add_iot_data_operations(operation_table& table, const iot_data_parts& in) {
    const auto add = [&](std::string_view name, operation run) {
        table.add("iot-data", name, std::move(run));
    };
    add("Publish", [in](const call& from) { return iot::publish(in.devices, in.time, from); });
    add("GetRetainedMessage",
        [in](const call& from) { return iot::get_retained_message(in.devices, from); });
    add("ListRetainedMessages",
        [in](const call& from) { return iot::list_retained_messages(in.devices, from); });
    add("GetThingShadow",
        [in](const call& from) { return iot::get_thing_shadow(in.shadows, from); });
    add("UpdateThingShadow",
        [in](const call& from) { return iot::update_thing_shadow(in.shadows, from); });
    add("DeleteThingShadow",
        [in](const call& from) { return iot::delete_thing_shadow(in.shadows, from); });
    add("ListNamedShadowsForThing", [in](const call& from) {
        return iot::list_named_shadows_for_thing(in.state, in.time, from);
    });
}

}  // namespace evergrass::cloud
