#pragma once

#include <string_view>

namespace evergrass::cloud {

// What the registry says of a certificate that a device showed, for every door where devices come
// in: MQTT, discovery, the cores' own API. Implemented by cloud/iot. Any thread.
class device_authority {
public:
    virtual ~device_authority() = default;

    // Registered here and ACTIVE.
    virtual bool is_active(std::string_view certificate_id) const = 0;

    virtual bool is_attached(std::string_view certificate_id, std::string_view thing) const = 0;

    // May the certificate do `action` ("iot:Publish", "greengrass:Discover") on the resource's ARN,
    // by the policies attached to it? A matching Deny wins; no match is no. `client_id` is for
    // policy variables, empty where there is none.
    virtual bool allows(std::string_view certificate_id, std::string_view action,
                        std::string_view resource_arn, std::string_view client_id) const = 0;
};

}  // namespace evergrass::cloud
