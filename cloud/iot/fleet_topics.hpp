#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud::iot {

// What a device asks of fleet provisioning (AWS IoT developer guide, "Device provisioning MQTT
// API").
enum class fleet_operation { create_keys, create_from_csr, provision };

struct fleet_request {
    fleet_operation what = fleet_operation::create_keys;
    std::string template_name;  // of provision

    bool operator==(const fleet_request&) const = default;
};

// `$aws/certificates/create/json`, `$aws/certificates/create-from-csr/json` and
// `$aws/provisioning-templates/NAME/provision/json`; nullopt for any other topic, and for those of
// CBOR, which this build doesn't speak.
std::optional<fleet_request> parse_fleet_topic(std::string_view topic);

}  // namespace evergrass::cloud::iot
