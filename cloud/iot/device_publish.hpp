#pragma once

#include "cloud/iot/hub.hpp"
#include "libs/http/message.hpp"

namespace evergrass::cloud {

// `POST /topics/{topic}?qos=` of a device that showed its certificate: needs iot:Publish on the
// topic. Any thread.
http::response publish_over_https(hub& devices, const device_authority& authority,
                                  const service_identity& identity, const http::request& asked);

}  // namespace evergrass::cloud
