#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/iot/hub.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/awaitable.hpp>

namespace evergrass::cloud {

// `POST /topics/{topic}?qos=&retain=` of a device that showed its certificate: needs iot:Publish on
// the topic, and iot:RetainPublish to retain. MQTT 5's properties as Publish of "iot-data" takes
// them. Answered at QoS 1 when all for whom the message is have it. Any thread; what is passed by
// pointer outlives the coroutine.
boost::asio::awaitable<http::response> publish_over_https(hub* devices,
                                                          const device_authority* authority,
                                                          const service_identity* identity,
                                                          const clock* time, http::request asked);

}  // namespace evergrass::cloud
