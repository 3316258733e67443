#include "cloud/gateway/session_credentials.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/device_routes.hpp"
#include "cloud/greengrass/roles.hpp"
#include "libs/base/errors.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

// As AWS STS's default.
constexpr std::chrono::hours session_life{1};

// A group and its role, or the answer that there is none.
struct group_role {
    contract::credential_setting credentials;
    std::string role_arn;
};

boost::system::result<group_role, http::response> role_of_core(const device_routes& in,
                                                               const std::string& thing) {
    auto& services = in.services;
    const auto hold = services.state.db().lock();
    const auto running = running_on_core(services.state, thing);
    if (!running) {
        return store_failed(in, running.error());
    }
    if (!*running || (*running)->is_reset()) {
        return device_error(404, "No group with the core '" + thing + "' is deployed.");
    }
    const auto manifest = manifest_of(**running);
    if (!manifest) {
        return store_failed(in, manifest.error());
    }
    auto role = role_arn_of(services.state, manifest->group_id);
    if (!role) {
        return store_failed(in, role.error());
    }
    if (!*role) {
        return device_error(404, "The group '" + manifest->group_name + "' (" + manifest->group_id +
                                     ") has no role. Attach one: aws greengrass "
                                     "associate-role-to-group.");
    }
    return group_role{manifest->credentials, std::move(**role)};
}

http::response own_session(const device_routes& in, const std::string& role_arn,
                           const device_request& from) {
    const auto now = std::chrono::floor<std::chrono::seconds>(in.services.time.now());
    const session who{role_arn, from.thing, now + session_life, from.certificate_id};
    const auto made = create_session(in.services.state, who);
    if (!made) {
        return store_failed(in, made.error());
    }
    return credentials_answer(
        {made->key.id, made->key.secret, made->token, format_expiration(who.expires)});
}

}  // namespace

http::response credentials_answer(const issued_credentials& issued) {
    const json::object credentials{{"accessKeyId", issued.access_key_id},
                                   {"secretAccessKey", issued.secret_access_key},
                                   {"sessionToken", issued.session_token},
                                   {"expiration", issued.expiration}};
    return json_answer(json::object{{"credentials", credentials}});
}

std::optional<http::response> get_credentials(const device_routes& in, const device_request& from,
                                              sts_wish& wish) {
    if (auto refused = refuse_device(in, from, "greengrass:AssumeRoleForGroup")) {
        return refused;
    }
    const auto role = role_of_core(in, from.thing);
    if (!role) {
        return role.error();
    }
    if (role->credentials.issuer != contract::credential_issuer::sts) {
        return own_session(in, role->role_arn, from);
    }
    if (in.services.sts == nullptr) {
        return device_error(503,
                            "The group's credentials come from AWS STS, and this service has no "
                            "AWS keys to ask it with; start evergrass-cloud with "
                            "--aws-credentials FILE.");
    }
    wish.role_arn = role->role_arn;
    return std::nullopt;
}

http::response answer_of_sts(const device_routes& in, const device_request& from,
                             const sts_wish& wish, const result<issued_credentials>& issued) {
    if (issued) {
        return credentials_answer(*issued);
    }
    in.services.log.warn(
        "A core's credentials could not be had of STS.",
        {{"core", from.thing}, {"role", wish.role_arn}, {"reason", issued.error()}});
    return device_error(502, wish.role_arn + ": " + issued.error().message());
}

}  // namespace evergrass::cloud::greengrass
