#include "cloud/greengrass/denied_certificates.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/device_routes.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t longest_nonce = 128;

std::string nonce_of(const http::request& asked) {
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (name == "nonce") {
            return value;
        }
    }
    return {};
}

}  // namespace

// Signed with the core's nonce: an earlier answer admits nobody again.
http::response get_denied_certificates(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:GetDeployment")) {
        return *refused;
    }
    const auto nonce = nonce_of(from.asked);
    if (nonce.empty() || nonce.size() > longest_nonce) {
        return device_error(400, "'nonce' is missing or longer than 128 bytes.");
    }
    const auto hold = in.services.state.db().lock();
    const auto running = running_on_core(in.services.state, from.thing);
    if (!running) {
        return store_failed(in, running.error());
    }
    if (!*running || (*running)->is_reset()) {
        return device_error(404, "No group with the core '" + from.thing + "' is deployed.");
    }
    const auto denied = find_denied_certificates(in.services.state, from.thing);
    if (!denied) {
        return store_failed(in, denied.error());
    }
    const json::object told{
        {"deniedOfDeployment", (*running)->id},
        {"deniedVersion", denied->version},
        {"deniedCertificates", json::array(denied->ids.begin(), denied->ids.end())},
        {"deniedThings", json::array(denied->things.begin(), denied->things.end())},
        {"nonce", nonce}};
    const auto signed_text = in.services.signer.sign(json::serialize(told));
    if (!signed_text) {
        return store_failed(in, signed_text.error());
    }
    http::response answer;
    answer.headers.add("content-type", "application/json");
    answer.body = contract::to_json_text(*signed_text);
    return answer;
}

}  // namespace evergrass::cloud::greengrass
