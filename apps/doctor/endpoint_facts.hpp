#pragma once

#include "libs/base/time.hpp"
#include "libs/rt/held_key.hpp"
#include "libs/rt/proxy.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::doctor {

enum class service_protocol { mqtt, https };

struct endpoint_place {
    service_protocol speaks = service_protocol::https;
    std::string host;
    std::uint16_t port = 0;
    std::string members;  // of config.json that name it: "coreThing.iotHost and iotMqttPort"
    std::string ca_file;  // for the reader
    std::string certificate_file;
};

// How the core shows itself, and whom it trusts.
struct own_identity {
    std::string ca_pem;
    std::optional<rt::held_identity> shown;       // nullopt: none can be shown
    std::string why_none;                         // then
    std::shared_ptr<const rt::http_proxy> proxy;  // null: none
};

enum class client_outcome {
    not_tried,
    accepted,
    refused,  // by an alert
    silent,   // the server said nothing in time: no alert, so no refusal either
};

// The way to a server, step by step. What comes after a step that failed is as it was made.
struct endpoint_facts {
    endpoint_place place;
    std::string proxy;                   // by which; empty: directly
    std::vector<std::string> addresses;  // of the name; by a proxy none, for it looks them up
    std::string resolve_error;
    bool connected = false;
    std::string connect_error;
    bool shown_certificate = false;  // the server's; with it the next are told
    bool secured = false;            // the handshake came to its end
    std::string tls_version;         // "TLSv1.3"
    std::string tls_error;
    std::string chain_error;  // OpenSSL's word on the server's chain; empty: trusted
    std::string issuer;       // of the server's certificate
    std::string subject;
    std::vector<std::string> names;  // that it is for
    bool name_matches = false;
    wall_time not_before;
    wall_time not_after;
    client_outcome client = client_outcome::not_tried;
    std::string client_error;              // the alert, or why none was shown
    std::optional<wall_time> server_time;  // of HTTP's Date
    wall_time now;
};

// Goes there as the core would, but takes every server certificate, and then asks for nothing: at
// MQTT it sends a PINGREQ, which ends a connection that began with none, so that the running core's
// session is not touched; at HTTPS a GET of "/". Blocks, each step for at most `limit`; name
// look-ups for as long as the system lets them.
endpoint_facts look_at_endpoint(const endpoint_place& place, const own_identity& self,
                                std::chrono::seconds limit);

// The value of the header Date in an HTTP answer's head. Outside bytes. Pure.
std::optional<wall_time> date_of_answer(std::string_view head);

}  // namespace evergrass::doctor
