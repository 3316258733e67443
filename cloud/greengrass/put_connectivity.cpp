#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/device_routes.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

// The same record that UpdateConnectivityInfo writes, whose entries stay.
http::response put_connectivity(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:UpdateConnectivityInfo")) {
        return *refused;
    }
    const auto body = body_object(from.asked);
    if (!body) {
        return device_error(400, body.error().message());
    }
    const auto* sent = array_member(*body, "entries");
    if (sent == nullptr) {
        return device_error(400, "'entries' is missing");
    }
    const auto entries = read_connectivity_entries(*sent);
    if (!entries) {
        return device_error(400, "'entries': " + entries.error().context);
    }
    std::string version;
    const auto done = in.services.state.db().transaction([&]() -> result<void> {
        auto written = set_detected_connectivity(in.services.state, from.thing, *entries);
        if (!written) {
            return written.error();
        }
        version = std::move(*written);
        return {};
    });
    if (!done) {
        return store_failed(in, done.error());
    }
    json::object answer;
    answer["version"] = version;
    return json_answer(answer);
}

}  // namespace evergrass::cloud::greengrass
