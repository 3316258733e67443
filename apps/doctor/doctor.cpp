#include "apps/doctor/doctor.hpp"

#include "apps/doctor/checks.hpp"
#include "apps/doctor/core_facts.hpp"
#include "apps/doctor/endpoint_facts.hpp"
#include "apps/doctor/host_facts.hpp"
#include "apps/doctor/token_facts.hpp"
#include "edge/keys/pin_note.hpp"
#include "libs/base/file.hpp"
#include "libs/rt/tls.hpp"

#include <unistd.h>

namespace evergrass::doctor {
namespace {

constexpr std::chrono::seconds limit_of_a_step{10};
constexpr std::size_t longest_file = 1024 * 1024;

std::string text_of(const std::filesystem::path& file) {
    auto text = read_file(file, longest_file);
    return text ? std::move(*text) : std::string();
}

// A jail is tried where the core would make it, if there is such a place.
std::filesystem::path place_for_jails(const core_facts& core) {
    const auto directory =
        nearest_existing(core.config ? core.config->write_directory : core.root / "ggc");
    return ::access(directory.c_str(), W_OK) == 0 && directory != directory.root_path()
               ? directory
               : std::filesystem::temp_directory_path();
}

// Of the key in the token, by the log-in that look_at_token made: the PIN is tried once.
void show_key_of_token(const core_facts& core, const token_facts& token, own_identity& self) {
    for (const auto& key : token.keys) {
        if (key.principal == "IoTCertificate" && key.handle && core.certificate.error.empty() &&
            key.matches != false) {
            self.shown = rt::held_identity{text_of(core.config->certificate_path), key.handle,
                                           token.signs_pss};
            return;
        }
    }
    self.why_none = "the token's key can't be used: see token.open and token.certificate-key";
}

own_identity identity_of(const core_facts& core, const token_facts& token) {
    own_identity self;
    const auto& config = *core.config;
    self.ca_pem = text_of(config.ca_path);
    if (core.key.in_token) {
        show_key_of_token(core, token, self);
    } else if (!core.certificate.error.empty() || !core.key.error.empty() || !core.key.matches) {
        self.why_none = "certificate and key can't be used: see core.certificate and core.key";
    } else if (auto held =
                   rt::held({text_of(config.certificate_path), text_of(config.private_key.file)})) {
        self.shown = std::move(*held);
    }
    if (config.proxy) {
        auto proxy = std::make_shared<rt::http_proxy>(*config.proxy);
        // Checked by config.json's CA, as the core does (spec/core.md §3.3).
        proxy->tls = [pem = self.ca_pem]() -> result<std::shared_ptr<rt::tls_context>> {
            rt::tls_client_options options;
            options.ca_pem = pem;
            return rt::make_client_context(options);
        };
        self.proxy = std::move(proxy);
    }
    return self;
}

std::vector<endpoint_place> places_of(const edge::core_config& config) {
    const auto ca = config.ca_path.string();
    const auto certificate = config.certificate_path.string();
    return {{service_protocol::mqtt, config.iot_host, config.iot_mqtt_port,
             "coreThing.iotHost and iotMqttPort", ca, certificate},
            {service_protocol::https, config.gg_host, config.gg_http_port,
             "coreThing.ggHost and ggHttpPort", ca, certificate}};
}

finding_group look_at_service(const endpoint_place& place, const own_identity& self) {
    const bool mqtt = place.speaks == service_protocol::mqtt;
    const std::string id = mqtt ? "mqtt" : "https";
    auto group = judge_all(
        id,
        std::string("The service, ") + (mqtt ? "MQTT (messages, shadows)" : "HTTPS (deployments)"),
        look_at_endpoint(place, self, limit_of_a_step), endpoint_checks());
    for (auto& finding : group.findings) {
        finding.id = id + "." + finding.id;
    }
    return group;
}

token_facts token_of(const core_facts& core) {
    const auto settings = read_token_settings(text_of(core.config_file));
    if (!settings || !*settings) {
        return {};
    }
    if (!core.config) {
        return look_at_token(**settings, {});
    }
    // A PIN that the token refused the core is not tried by us either: the token would lock.
    const edge::pin_note note(core.config->write_directory / "var/state/pin-refused.json",
                              core.config_file);
    if (const auto refusal = note.refusal()) {
        token_facts facts;
        facts.is_used = true;
        facts.module = (*settings)->provider;
        facts.label = (*settings)->slot_label;
        facts.error = *refusal + "; it was not tried again";
        return facts;
    }
    return look_at_token(**settings, text_of(core.config->certificate_path));
}

}  // namespace

std::vector<finding_group> examine(const doctor_options& options,
                                   const std::function<void(const finding_group&)>& tell) {
    std::vector<finding_group> groups;
    const auto add = [&](finding_group group) {
        tell(group);
        groups.push_back(std::move(group));
    };
    const auto core = look_at_core(options.root);
    auto host = look_at_host(options.jail_program, place_for_jails(core));
    host.starts_insecure = options.starts_insecure;
    add(judge_all("host", "This machine", host, host_checks()));
    std::error_code failed;
    if (!core.config && !options.root_was_named &&
        !std::filesystem::exists(core.config_file, failed)) {
        return groups;  // nothing is installed yet
    }
    add(judge_all("core", "The core in " + core.root.string(), core, core_checks()));
    auto token = token_of(core);
    token.core_runs = core.running.has_value();
    token.secrets_have_a_key =
        core.config && core.config->secrets_key.shown() != core.config->private_key.shown();
    if (token.is_used) {
        add(judge_all("token", "The token", token, token_checks()));
    }
    if (core.config && !options.offline) {
        const auto self = identity_of(core, token);
        for (const auto& place : places_of(*core.config)) {
            add(look_at_service(place, self));
        }
    }
    return groups;
}

}  // namespace evergrass::doctor
