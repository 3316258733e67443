#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/iot/shadow_service.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"
#include "libs/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string_view>

namespace evergrass::cloud {

// What devices ask of shadows over mutual TLS needs. All that is pointed to outlives the requests.
struct device_shadows {
    shadow_service* shadows;
    store* state;
    const device_authority* authority;
    const service_identity* identity;
    const clock* time;
    boost::asio::any_io_executor blocking;  // a pool, for what waits for the store
};

// `GET`, `POST` and `DELETE /things/{thing}/shadow[?name=]`, which need iot:GetThingShadow,
// iot:UpdateThingShadow and iot:DeleteThingShadow on thing/THING or thing/THING/NAME, and
// `GET /api/things/shadow/ListNamedShadowsForThing/{thing}[?pageSize=&nextToken=]` with
// iot:ListNamedShadowsForThing on thing/THING, of a device that showed its certificate. Answers are
// as those of the "iot-data" operations. Any executor.
boost::asio::awaitable<http::response> shadow_over_https(device_shadows in, http::request asked);

// Is the path one of these? What it names may still be wrong.
bool is_shadow_path(std::string_view path);

}  // namespace evergrass::cloud
