#include "edge/config/config.hpp"

#include "edge/config/reading.hpp"
#include "edge/config/uri.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <algorithm>

namespace evergrass::edge {

void note_unknown(const json::object& object, std::string_view where,
                  const std::vector<std::string_view>& known, core_config& config) {
    for (const auto& member : object) {
        const std::string_view name = member.key();
        if (std::find(known.begin(), known.end(), name) != known.end()) {
            continue;
        }
        auto note = (where.empty() ? "" : std::string(where) + ".") + std::string(name);
        if (const auto meant = closest(name, known); !meant.empty()) {
            note += " (did you mean '" + std::string(meant) + "'?)";
        }
        config.without_effect.push_back(std::move(note));
    }
}

std::int64_t read_in_range(contract::field_reader& in, std::string_view name, std::int64_t fallback,
                           std::int64_t least, std::int64_t most) {
    const auto value = in.integer(name, fallback);
    if (value < least || value > most) {
        in.fail(name, "is " + std::to_string(value) + "; allowed is " + std::to_string(least) +
                          " to " + std::to_string(most));
        return fallback;
    }
    return value;
}

namespace {

using contract::field_reader;

constexpr std::size_t max_config_bytes = 1024 * 1024;

const std::vector<std::string_view> top_members = {
    "coreThing",      "runtime",        "crypto",           "system",
    "managedRespawn", "writeDirectory", "pidFileDirectory", "mqttMaxConnectionRetryInterval",
    "mqttProfile",    "mqttLimits",     "mqttThreads",      "mqttTls",
    "shadowSync",     "cloudLink",      "spooler",          "lanDiscovery",
    "secrets"};
const std::vector<std::string_view> core_thing_members = {"caPath",
                                                          "certPath",
                                                          "keyPath",
                                                          "thingArn",
                                                          "iotHost",
                                                          "ggHost",
                                                          "keepAlive",
                                                          "iotMqttPort",
                                                          "iotHttpPort",
                                                          "ggHttpPort",
                                                          "networkProxy",
                                                          "coreClientId",
                                                          "ggMqttPort",
                                                          "ggMqttAddress",
                                                          "mqttOperationTimeout",
                                                          "systemComponentAuthTimeout",
                                                          "ggDaemonPort",
                                                          "mqttMaxConnectionRetryInterval"};
const std::vector<std::string_view> runtime_members = {"cgroup",
                                                       "allowFunctionsToRunAsRoot",
                                                       "postStartHealthCheckTimeout",
                                                       "maxWorkItemCount",
                                                       "maxConcurrentLimit",
                                                       "lruSize",
                                                       "mountAllBlockDevices",
                                                       "interpreters",
                                                       "readyWorkers"};

std::uint16_t read_port(field_reader& in, std::string_view name, std::uint16_t fallback) {
    const auto port = in.integer(name, fallback);
    if (port < 0 || port > 65535) {
        in.fail(name, "is " + std::to_string(port) + ", not a port (0 to 65535)");
        return fallback;
    }
    return static_cast<std::uint16_t>(port);
}

// "yes" and "no" as V1 writes them; booleans are taken as well (spec/on-disk.md §10).
bool read_yes_no(field_reader& in, const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) {
        return false;
    }
    if (value->is_bool()) {
        return value->get_bool();
    }
    const auto text = in.text(name);
    if (text != "yes" && text != "no") {
        in.fail(name, "is neither \"yes\" nor \"no\"");
    }
    return text == "yes";
}

// A path of the older form is relative to <root>/certs.
std::filesystem::path legacy_path(field_reader& in, std::string_view name,
                                  const std::filesystem::path& certs) {
    const auto text = in.text(name);
    if (text.empty()) {
        return {};
    }
    return std::filesystem::path(text).is_absolute() ? std::filesystem::path(text) : certs / text;
}

void read_core_thing(field_reader& in, const json::object& object,
                     const std::filesystem::path& certs, bool has_crypto, core_config& config) {
    note_unknown(object, "coreThing", core_thing_members, config);
    config.thing_arn = in.required_text("thingArn");
    config.iot_host = in.required_text("iotHost");
    config.gg_host = in.required_text("ggHost");
    if (!has_crypto) {
        config.ca_path = legacy_path(in, "caPath", certs);
        config.certificate_path = legacy_path(in, "certPath", certs);
        config.private_key.file = legacy_path(in, "keyPath", certs);
        config.secrets_key = config.private_key;
    }
    config.iot_mqtt_port = read_port(in, "iotMqttPort", 8883);
    config.iot_http_port = read_port(in, "iotHttpPort", 8443);
    config.gg_http_port = read_port(in, "ggHttpPort", 8443);
    config.gg_mqtt_port = read_port(in, "ggMqttPort", 8883);
    config.gg_daemon_port = read_port(in, "ggDaemonPort", 8000);
    config.gg_mqtt_address = in.text("ggMqttAddress", "0.0.0.0");
    config.core_client_id = in.text("coreClientId");
    if (config.core_client_id.size() > 128) {
        in.fail("coreClientId", "is longer than 128 characters");
    }
    config.keep_alive = std::chrono::seconds(read_in_range(in, "keepAlive", 600, 30, 1200));
    config.mqtt_operation_timeout =
        std::chrono::seconds(read_in_range(in, "mqttOperationTimeout", 5, 5, 3600));
}

void read_interpreters(field_reader& in, core_config& config) {
    const auto* all = in.object("interpreters");
    if (all == nullptr) {
        return;
    }
    for (const auto& [runtime, path] : *all) {
        const auto* text = path.if_string();
        if (text == nullptr || !text->starts_with('/')) {
            in.fail("interpreters." + std::string(runtime),
                    "is no absolute path of a program, as \"/opt/py37/bin/python3.7\" is");
            return;
        }
        config.interpreters.emplace(runtime, std::string(*text));
    }
}

const std::map<std::string_view, ready_workers> ready_words = {
    {"none", ready_workers::none},
    {"interpreter", ready_workers::interpreter},
    {"python", ready_workers::python},
    {"all", ready_workers::all},
};

void read_runtime(field_reader& in, const json::object& object, core_config& config) {
    note_unknown(object, "runtime", runtime_members, config);
    config.allow_functions_to_run_as_root = read_yes_no(in, object, "allowFunctionsToRunAsRoot");
    config.max_work_items =
        static_cast<std::size_t>(read_in_range(in, "maxWorkItemCount", 1024, 1, 1'000'000));
    const auto least_workers = read_in_range(in, "lruSize", 25, 1, 10'000);
    config.max_concurrent_workers = static_cast<std::size_t>(
        std::max(least_workers, read_in_range(in, "maxConcurrentLimit", 25, 1, 10'000)));
    config.post_start_health_check_timeout = std::chrono::milliseconds(
        read_in_range(in, "postStartHealthCheckTimeout", 30'000, 1, 3'600'000));
    read_interpreters(in, config);
    const auto ready = in.text("readyWorkers", "python");
    if (const auto found = ready_words.find(ready); found != ready_words.end()) {
        config.ready = found->second;
    } else {
        in.fail("readyWorkers", "is none of \"none\", \"interpreter\", \"python\" and \"all\"");
    }
}

result<void> read_thing_arn(core_config& config) {
    auto parsed = parse_arn(config.thing_arn);
    auto name = thing_name_of(config.thing_arn);
    if (!parsed || !name) {
        // The package's own config.json holds [THING_ARN_HERE] and the like.
        return error{errc::invalid_input, "'coreThing.thingArn' in config.json is '" +
                                              config.thing_arn +
                                              "': write the core's thing ARN, "
                                              "arn:aws:iot:REGION:ACCOUNT:thing/NAME"};
    }
    config.thing_name = *name;
    config.region = parsed->region;
    config.account = parsed->account;
    config.partition = parsed->partition;
    return {};
}

}  // namespace

result<core_config> parse_config(std::string_view text, const std::filesystem::path& root) {
    auto document = parse_json(text);
    if (!document) {
        return document.error();
    }
    const auto* top = document->if_object();
    if (top == nullptr) {
        return error{errc::invalid_input, "config.json does not hold a JSON object"};
    }
    core_config config;
    note_unknown(*top, "", top_members, config);
    field_reader in(*top, "");
    const auto* core_thing = in.object("coreThing");
    const auto* runtime = in.object("runtime");
    const auto* crypto = in.object("crypto");
    config.write_directory = in.text("writeDirectory");
    if (config.write_directory.empty()) {
        config.write_directory = root / "ggc";
    }
    config.pid_file_directory = in.text("pidFileDirectory", "/var/run");
    config.max_connection_retry_interval =
        std::chrono::seconds(read_in_range(in, "mqttMaxConnectionRetryInterval", 60, 1, 86'400));
    if (core_thing == nullptr) {
        in.fail("coreThing", "is missing in config.json");
    }
    if (!in.outcome()) {
        return in.outcome().error();
    }
    if (auto read = read_mqtt(*top, config); !read) {
        return with_context(read.error(), "config.json");
    }
    if (auto read = read_shadow_sync(*top, config); !read) {
        return with_context(read.error(), "config.json");
    }
    if (auto read = read_spooler(*top, config); !read) {
        return with_context(read.error(), "config.json");
    }
    if (auto read = read_secrets(*top, config); !read) {
        return with_context(read.error(), "config.json");
    }
    field_reader core_reader(*core_thing, "coreThing");
    read_core_thing(core_reader, *core_thing, root / "certs", crypto != nullptr, config);
    if (!core_reader.outcome()) {
        return with_context(core_reader.outcome().error(), "config.json");
    }
    if (auto read = read_network_proxy(*core_thing, config); !read) {
        return with_context(read.error(), "config.json");
    }
    if (auto read = read_cloud_link(*top, config); !read) {
        return with_context(read.error(), "config.json");
    }
    if (auto read = read_lan_discovery(*top, config); !read) {
        return with_context(read.error(), "config.json");
    }
    if (runtime != nullptr) {
        field_reader runtime_reader(*runtime, "runtime");
        read_runtime(runtime_reader, *runtime, config);
        if (!runtime_reader.outcome()) {
            return with_context(runtime_reader.outcome().error(), "config.json");
        }
    }
    if (auto arn = read_thing_arn(config); !arn) {
        return arn.error();
    }
    if (crypto != nullptr) {
        if (auto read = read_crypto(*crypto, config); !read) {
            return read.error();
        }
    } else if (config.ca_path.empty() || config.certificate_path.empty() ||
               config.private_key.file.empty()) {
        return error{errc::invalid_input,
                     "The configuration file is missing the CaPath, CertPath or KeyPath. Give "
                     "'coreThing.caPath', 'certPath' and 'keyPath', or a 'crypto' section"};
    }
    return config;
}

result<core_config> load_config(const std::filesystem::path& root) {
    auto path = root / "config" / "config.json";
    auto certificates = root;
    if (!std::filesystem::exists(path) &&
        std::filesystem::exists(root / "configuration" / "config.json")) {
        path = root / "configuration" / "config.json";  // V1.0
        certificates = root / "configuration";
    }
    auto text = read_file(path, max_config_bytes);
    if (!text) {
        return with_context(text.error(), "Failed to read the core's configuration");
    }
    auto config = parse_config(*text, certificates);
    if (!config) {
        // V1's text, which operators grep for, then where and what (spec/core.md §27).
        return with_context(config.error(), "Failed to parse " + path.string() + ".");
    }
    config->root = root;
    config->file = path;
    if (certificates != root && config->write_directory == certificates / "ggc") {
        config->write_directory = root / "ggc";
    }
    return config;
}

}  // namespace evergrass::edge
