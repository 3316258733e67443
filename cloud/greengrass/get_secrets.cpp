#include "cloud/greengrass/deliver_secrets.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/device_routes.hpp"
#include "cloud/greengrass/fetch_upstream.hpp"
#include "cloud/upstream/client.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/pki/envelope.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

struct deployed_group {
    contract::manifest manifest;
    std::string certificate_pem;  // of its core
    json::array secrets;          // that are here
};

std::string version_asked_for(const http::request& asked) {
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (name == "have") {
            return value;
        }
    }
    return {};
}

// Changes with what GetSecretValue would answer, and says nothing of the values.
std::string version_of(const json::array& secrets) {
    json::array told;
    for (const auto& each : secrets) {
        const auto& secret = each.get_object();
        for (const auto& version : secret.at("versions").get_array()) {
            told.push_back(json::array{secret.at("arn"), secret.at("name"), version.at("versionId"),
                                       version.at("stages")});
        }
    }
    return sha256_hex(json::serialize(told));
}

http::response nothing_new() {
    http::response answer;
    answer.status = 204;
    return answer;
}

// The key that the core names for what it is told, PEM; empty: that of the certificate which the
// group names. It is the core that asks, by mutual TLS: it could as well hand on what it opened.
result<std::string> key_asked_for(const http::request& asked) {
    if (asked.method != "POST") {
        return std::string();
    }
    const auto body = body_object(asked);
    if (!body) {
        return body.error();
    }
    auto key = string_member(*body, "sealFor");
    if (!key || key->empty()) {
        return error{errc::invalid_input,
                     "'sealFor' is missing: the public key, in PEM, to seal the secrets for"};
    }
    return std::move(*key);
}

boost::system::result<deployed_group, http::response> look(const device_routes& in,
                                                           const device_request& from) {
    auto& services = in.services;
    const auto hold = services.state.db().lock();
    const auto running = running_on_core(services.state, from.thing);
    if (!running) {
        return store_failed(in, running.error());
    }
    if (!*running || (*running)->is_reset()) {
        return device_error(404, "No group with the core '" + from.thing + "' is deployed.");
    }
    auto manifest = manifest_of(**running);
    if (!manifest) {
        return store_failed(in, manifest.error());
    }
    auto certificate = certificate_of_core(services.state, manifest->core);
    if (!certificate) {
        return store_failed(in, certificate.error());
    }
    deployed_group found{std::move(*manifest), std::move(*certificate), {}};
    const bool elsewhere = services.upstream != nullptr && services.upstream->has("secretsmanager");
    if (elsewhere || services.secrets == nullptr) {
        return found;
    }
    build_log log;
    found.secrets = secrets_here(services, found.manifest, log);
    if (log.store_error()) {
        return store_failed(in, *log.store_error());
    }
    if (!log.faults().empty()) {
        return device_error(409, log.faults().front().message);
    }
    return found;
}

// Each is waited for, so without the store's lock.
std::optional<http::response> fetch(const device_routes& in, deployed_group& into) {
    auto& services = in.services;
    if (services.upstream == nullptr || !services.upstream->has("secretsmanager")) {
        return std::nullopt;
    }
    upstream_finds finds;
    finds.secrets.emplace();
    for (const auto& [arn, labels] : wanted_secrets(into.manifest.resources)) {
        const auto fetched = fetch_secret(services, arn, labels, finds);
        if (!fetched) {
            return device_error(503, fetched.error().message);
        }
    }
    if (!finds.faults.empty()) {
        return device_error(409, finds.faults.front().message);
    }
    into.secrets = std::move(*finds.secrets);
    return std::nullopt;
}

}  // namespace

http::response get_secrets(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:GetDeploymentArtifacts")) {
        return *refused;
    }
    const auto key = key_asked_for(from.asked);
    if (!key) {
        return device_error(400, key.error().context);
    }
    auto group = look(in, from);
    if (!group) {
        return group.error();
    }
    if (auto failed = fetch(in, *group)) {
        return *failed;
    }
    const auto version = version_of(group->secrets);
    if (group->secrets.empty() || version == version_asked_for(from.asked)) {
        return nothing_new();
    }
    const auto text = json::serialize(json::object{{"secrets", group->secrets}});
    const auto sealed =
        key->empty() ? pki::seal_for(group->certificate_pem, text) : pki::seal_for_key(*key, text);
    if (!sealed && !key->empty()) {
        return device_error(400, "'sealFor': " + sealed.error().message() + ".");
    }
    if (!sealed) {
        return device_error(409, "The group's secrets cannot be sealed for the core: " +
                                     sealed.error().message() + ".");
    }
    const json::object told{{"secretsOfDeployment", group->manifest.deployment_id},
                            {"secretsVersion", version},
                            {"sealedSecrets", base64_encode(*sealed)}};
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
