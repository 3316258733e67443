#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud::iot {

// What a device asks of fleet provisioning (AWS IoT developer guide, "Device provisioning MQTT
// API").
enum class fleet_operation { create_keys, create_from_csr, provision };

// Of the request, and of its answer.
enum class payload_format { json, cbor };

struct fleet_request {
    fleet_operation what = fleet_operation::create_keys;
    std::string template_name;  // of provision
    payload_format format = payload_format::json;

    bool operator==(const fleet_request&) const = default;
};

// `$aws/certificates/create/FORMAT`, `$aws/certificates/create-from-csr/FORMAT` and
// `$aws/provisioning-templates/NAME/provision/FORMAT`, where FORMAT is json or cbor; nullopt for
// any other topic.
std::optional<fleet_request> parse_fleet_topic(std::string_view topic);

}  // namespace evergrass::cloud::iot
