#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/greengrass/issued_credentials.hpp"
#include "cloud/greengrass/services.hpp"
#include "libs/http/message.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The requests of devices and cores over mutual TLS, each in the file of its name: discovery
// (spec/cloud.md §2) and the cores' protocol (docs/core-service-protocol.md). They read and write
// the store, so they run where blocking is allowed.
namespace evergrass::cloud::greengrass {

struct device_routes {
    greengrass_services& services;
    const device_authority& authority;
};

// One request, its path taken apart: "{thing}" and other parts decoded.
struct device_request {
    const http::request& asked;
    std::string certificate_id;  // empty when no certificate was shown
    std::string thing;           // of the path; empty where the path has none
    std::string part;            // the part behind it: a digest, a deployment's id
};

http::response discover(const device_routes& in, const device_request& from);
http::response get_artifact(const device_routes& in, const device_request& from);
http::response put_deployment_status(const device_routes& in, const device_request& from);
http::response post_server_certificate(const device_routes& in, const device_request& from);
http::response post_local_authority(const device_routes& in, const device_request& from);
http::response put_connectivity(const device_routes& in, const device_request& from);
// GET, or POST with the key to seal them for.
http::response get_secrets(const device_routes& in, const device_request& from);
http::response get_denied_certificates(const device_routes& in, const device_request& from);
http::response get_signing_key(const device_routes& in, const device_request& from);

// The long poll for the next deployment: what to wait for, and one look at the store.
struct deployment_poll {
    std::string after;             // the deployment that the core has; empty: none
    std::chrono::seconds wait{0};  // 0 to 60
    bool invocations = false;      // ends when there is one for the core, too
    // The version of the denied certificates that the core has: ends when it is another.
    std::optional<std::string> denied;
    // The version of its connectivity information that the core has: ends when it is another.
    std::optional<std::string> connectivity;
};
deployment_poll read_deployment_poll(const http::request& asked);
// An answer, or nullopt: nothing yet. `last_look` answers in any case.
std::optional<http::response> look_for_deployment(const device_routes& in,
                                                  const device_request& from,
                                                  const deployment_poll& poll, bool last_look);

// What the core is to run for Invoke: an answer, or nullopt: nothing yet. `last_look` answers in
// any case.
std::optional<http::response> take_invocation(const device_routes& in, const device_request& from,
                                              bool last_look);
http::response post_invocation_outcome(const device_routes& in, const device_request& from);
// Is the core to be called to take one?
bool call_for_invocations(const device_routes& in, const device_request& from);

// Credentials for the role of the core's group: an answer, or nullopt and what to ask STS for.
struct sts_wish {
    std::string role_arn;
};
std::optional<http::response> get_credentials(const device_routes& in, const device_request& from,
                                              sts_wish& wish);
http::response answer_of_sts(const device_routes& in, const device_request& from,
                             const sts_wish& wish, const result<issued_credentials>& issued);
// {"credentials": {…}}, as AWS IoT's credentials provider has it.
http::response credentials_answer(const issued_credentials& issued);

// 401 with the reason unless the certificate is ACTIVE, attached to the thing and allowed to do
// `action` on it; nullopt when it may.
std::optional<http::response> refuse_device(const device_routes& in, const device_request& from,
                                            std::string_view action);

// `{"message": why}`
http::response device_error(int status, std::string_view why);
http::response json_answer(const json::value& body);
// 500; the reason goes to the log.
http::response store_failed(const device_routes& in, const error& why);
// The body's object, or why it is none.
result<json::object> body_object(const http::request& asked);

}  // namespace evergrass::cloud::greengrass
