#pragma once

#include "edge/config/lan_settings.hpp"
#include "edge/config/link_settings.hpp"
#include "edge/config/mqtt_settings.hpp"
#include "edge/config/secrets_settings.hpp"
#include "edge/config/shadow_settings.hpp"
#include "libs/base/result.hpp"
#include "libs/pkcs11/uri.hpp"
#include "libs/rt/proxy.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// V1's config.json (spec/core.md §3): both the `crypto` section and the older paths under
// `coreThing`, which count only where `crypto` is missing.
namespace evergrass::edge {

enum class ready_workers { none, interpreter, python, all };  // each with those before it

// Where a private key is: in a file, or in the token of crypto.PKCS11.
struct key_place {
    std::filesystem::path file;         // empty: in the token
    std::optional<pkcs11::uri> object;  // by its label or id

    std::string shown() const;
};

// crypto.PKCS11. Only the PIN is secret: it is in no message.
struct token_setting {
    std::string provider;  // path of the PKCS#11 library
    std::string slot_label;
    std::string user_pin;
};

struct core_config {
    std::filesystem::path file;  // config.json
    std::filesystem::path root;  // of the whole: config/, certs/, ggc/
    std::filesystem::path ca_path;
    std::filesystem::path certificate_path;
    key_place private_key;  // crypto.principals.IoTCertificate.privateKeyPath
    // crypto.principals.MQTTServerCertificate.privateKeyPath: the owner's own key, when there is
    // one.
    std::optional<key_place> server_key;
    // crypto.principals.SecretsManager.privateKeyPath, or private_key.
    key_place secrets_key;
    // crypto.principals.SecretsManager.padding, Evergrass's own: how secrets_key, which is in a
    // file then, wraps; else PKCS#1 v1.5, as V1 and tokens do.
    bool secrets_by_oaep = false;
    std::optional<token_setting> token;  // crypto.PKCS11; there when a key is in it
    // crypto.deploymentSigningKeyPath, Evergrass's own: the service's public key in PEM.
    std::optional<std::filesystem::path> signing_key_path;

    std::string thing_arn;
    std::string thing_name;
    std::string region;
    std::string account;
    std::string partition;

    std::string iot_host;
    std::string gg_host;
    std::uint16_t iot_mqtt_port = 8883;
    std::uint16_t iot_http_port = 8443;
    std::uint16_t gg_http_port = 8443;
    std::uint16_t gg_mqtt_port = 8883;  // the local MQTT server; 0 lets the system pick (Evergrass)
    std::uint16_t gg_daemon_port = 8000;  // IPC; 0 likewise
    // Evergrass's own `coreThing.ggMqttAddress`: where the local MQTT server listens.
    std::string gg_mqtt_address = "0.0.0.0";
    mqtt_settings mqtt;
    std::string core_client_id;  // empty: V1's <thing>-cNN
    std::chrono::seconds keep_alive{600};
    std::chrono::seconds mqtt_operation_timeout{5};
    std::chrono::seconds max_connection_retry_interval{60};
    std::optional<rt::http_proxy> proxy;  // coreThing.networkProxy; without `tls`
    link_settings_of_file link;
    std::optional<lan_settings_of_file> lan_discovery;  // nullopt: off

    shadow_settings_of_file shadows;
    secrets_settings_of_file secrets;

    // spooler.inFlightMessages, Evergrass's own: sent to the cloud and not acknowledged yet.
    std::size_t cloud_messages_in_flight = 100;

    std::size_t max_work_items = 1024;
    std::size_t max_concurrent_workers = 25;
    std::chrono::milliseconds post_start_health_check_timeout{30'000};
    bool allow_functions_to_run_as_root = false;
    // runtime.readyWorkers, Evergrass's own: of which on-demand functions a worker waits ahead of
    // the next invocation.
    ready_workers ready = ready_workers::python;
    // runtime.interpreters, Evergrass's own: the program of a runtime ("python3.7"), absolute.
    std::map<std::string, std::filesystem::path> interpreters;

    std::filesystem::path write_directory;  // <root>/ggc, or writeDirectory when it is set
    std::filesystem::path pid_file_directory = "/var/run";

    // What was read but has no effect in this build ("managedRespawn", "useSystemd" …): logged once
    // at start.
    std::vector<std::string> without_effect;
};

// Reads the text of `<root>/config/config.json`. The error names the file, the member, what is
// wrong with it and what it should be; members that nobody knows are reported in `without_effect`,
// with the known one that is closest, since a typo there would otherwise be silent.
result<core_config> parse_config(std::string_view text, const std::filesystem::path& root);

// Finds and reads `<root>/config/config.json`, or `<root>/configuration/config.json` of V1.0.
result<core_config> load_config(const std::filesystem::path& root);

}  // namespace evergrass::edge
