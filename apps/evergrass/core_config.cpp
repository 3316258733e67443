#include "apps/evergrass/core_config.hpp"

namespace evergrass::cli {
namespace {

std::string file_uri(const std::filesystem::path& path) {
    return "file://" + path.string();
}

std::string file_name(const std::filesystem::path& path) {
    return path.filename().string();
}

// V1's setup looked for systemd in the same way (sd_booted(3)).
const char* uses_systemd() {
    std::error_code ignored;
    return std::filesystem::exists("/run/systemd/system", ignored) ? "yes" : "no";
}

}  // namespace

json::value core_config(const up_state& state, const core_places& places) {
    const json::object certificate{{"privateKeyPath", file_uri(state.core.key_file)},
                                   {"certificatePath", file_uri(state.core.cert_file)}};
    const json::object secrets{{"privateKeyPath", file_uri(state.core.key_file)}};
    return json::object{
        {"coreThing", json::object{{"caPath", file_name(places.ca_file)},
                                   {"certPath", file_name(state.core.cert_file)},
                                   {"keyPath", file_name(state.core.key_file)},
                                   {"thingArn", state.core.arn},
                                   {"iotHost", places.iot_mqtt.host},
                                   {"ggHost", places.iot_https.host},
                                   {"keepAlive", 600},
                                   {"iotMqttPort", places.iot_mqtt.port},
                                   {"iotHttpPort", places.iot_https.port},
                                   {"ggHttpPort", places.iot_https.port},
                                   {"ggMqttPort", places.core_mqtt},
                                   {"ggMqttAddress", places.address},
                                   {"ggDaemonPort", places.ipc},
                                   {"systemComponentAuthTimeout", 5000}}},
        {"runtime", json::object{{"maxWorkItemCount", 1024},
                                 {"maxConcurrentLimit", 25},
                                 {"lruSize", 25},
                                 {"mountAllBlockDevices", "no"},
                                 {"allowFunctionsToRunAsRoot", places.allow_root ? "yes" : "no"},
                                 {"cgroup", json::object{{"useSystemd", uses_systemd()}}}}},
        {"managedRespawn", false},
        {"crypto", json::object{{"principals", json::object{{"SecretsManager", secrets},
                                                            {"IoTCertificate", certificate}}},
                                {"caPath", file_uri(places.ca_file)}}},
        // A service on this machine comes back in no time; V1's 60 s are for the Internet.
        {"mqttMaxConnectionRetryInterval", 5},
        {"pidFileDirectory", (places.root / "ggc" / "var").string()}};
}

}  // namespace evergrass::cli
