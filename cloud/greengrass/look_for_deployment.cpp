#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/denied_certificates.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/device_routes.hpp"

#include <algorithm>
#include <charconv>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::chrono::seconds longest_wait{60};

// What a core's certificate for its devices depends on.
void add_connectivity(http::response& to, const std::string& version) {
    if (!version.empty()) {
        to.headers.set("x-evergrass-connectivity-version", version);
    }
}

}  // namespace

// A wait that can't be read is none.
deployment_poll read_deployment_poll(const http::request& asked) {
    deployment_poll poll;
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (name == "after") {
            poll.after = value;
        } else if (name == "invocations") {
            poll.invocations = value == "1";
        } else if (name == "denied") {
            poll.denied = value;
        } else if (name == "connectivity") {
            poll.connectivity = value;
        } else if (name == "wait") {
            long seconds = 0;
            std::from_chars(value.data(), value.data() + value.size(), seconds);
            poll.wait =
                std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), longest_wait);
        }
    }
    return poll;
}

// The core's newest deployment, unless the core has it or has failed at it: trying again what
// failed would never end.
std::optional<http::response> look_for_deployment(const device_routes& in,
                                                  const device_request& from,
                                                  const deployment_poll& poll, bool last_look) {
    if (auto refused = refuse_device(in, from, "greengrass:GetDeployment")) {
        return refused;
    }
    const auto hold = in.services.state.db().lock();
    const auto newest = last_deployment_for_core(in.services.state, from.thing);
    if (!newest) {
        return store_failed(in, newest.error());
    }
    const auto connectivity = connectivity_version_of(in.services.state, from.thing);
    if (!connectivity) {
        return store_failed(in, connectivity.error());
    }
    const bool is_new = *newest && (*newest)->id != poll.after && (*newest)->status != "Failure";
    if (is_new) {
        http::response answer;
        answer.headers.add("content-type", "application/json");
        answer.body = (*newest)->signed_manifest.value_or("");
        add_connectivity(answer, *connectivity);
        return answer;
    }
    bool denies = false;
    if (*newest && poll.denied) {
        const auto denied = find_denied_certificates(in.services.state, from.thing);
        if (!denied) {
            return store_failed(in, denied.error());
        }
        denies = denied->version != *poll.denied;
    }
    const bool moved = *newest && poll.connectivity && *poll.connectivity != *connectivity;
    if (!last_look && !denies && !moved) {
        return std::nullopt;
    }
    if (!*newest) {
        return device_error(404, "No group with the core '" + from.thing +
                                     "' was ever deployed. Deploy one (CreateDeployment).");
    }
    http::response nothing;
    nothing.status = 204;
    add_connectivity(nothing, *connectivity);
    if (denies) {
        nothing.headers.set("x-evergrass-denied", "1");
    }
    return nothing;
}

}  // namespace evergrass::cloud::greengrass
