#include "apps/greengrassd/core_settings.hpp"

#include "apps/greengrassd/identity.hpp"
#include "libs/base/random.hpp"

#include <utility>

namespace evergrass::greengrassd {

namespace asio = boost::asio;

edge::device_server_settings device_settings_of(const edge::core_config& config) {
    edge::device_server_settings settings;
    settings.address = config.gg_mqtt_address;
    settings.port = config.gg_mqtt_port;
    settings.mqtt.limits = config.mqtt.limits;
    settings.mqtt.shards = config.mqtt.threads;
    settings.mqtt.data_directory = (config.write_directory / "var/state/mqtt").string();
    settings.oldest_tls = config.mqtt.oldest_tls;
    settings.cipher_suites = config.mqtt.cipher_suites;
    return settings;
}

std::vector<std::string> hidden_paths(const edge::core_config& config) {
    std::vector<std::string> hidden = {config.root.string()};
    std::vector<std::filesystem::path> others = {config.write_directory, config.ca_path,
                                                 config.certificate_path, config.private_key.file,
                                                 config.secrets_key.file};
    if (config.server_key) {
        others.push_back(config.server_key->file);
    }
    if (config.signing_key_path) {
        others.push_back(*config.signing_key_path);
    }
    for (const auto& path : others) {
        if (path.empty()) {
            continue;  // the key is in a token
        }
        const auto relative = path.lexically_relative(config.root);
        if (relative.empty() || *relative.begin() == "..") {
            hidden.push_back(path.string());
        }
    }
    return hidden;
}

edge::function_settings function_settings_of(const edge::core_config& config,
                                             program_places programs,
                                             asio::any_io_executor blocking,
                                             std::shared_ptr<edge::credential_provider> credentials,
                                             std::shared_ptr<edge::secret_service> secrets,
                                             edge::shadow_asker shadows) {
    edge::function_settings settings;
    settings.blocking = std::move(blocking);
    settings.credentials = std::move(credentials);
    settings.secrets = std::move(secrets);
    settings.shadows = std::move(shadows);
    settings.ggc_root = config.write_directory;
    settings.runtime_dir = std::move(programs.runtime_dir);
    settings.jail_program = std::move(programs.jail_program);
    settings.hidden = hidden_paths(config);
    settings.ipc_port = config.gg_daemon_port;
    settings.region = config.region;
    settings.account = config.account;
    settings.core_thing = config.thing_name;
    settings.iot_host = config.iot_host;
    settings.iot_mqtt_port = config.iot_mqtt_port;
    settings.iot_http_port = config.iot_http_port;
    settings.gg_host = config.gg_host;
    settings.gg_http_port = config.gg_http_port;
    if (config.proxy) {
        settings.proxy_url = config.proxy->url();
        for (const auto& host : config.proxy->direct) {
            settings.no_proxy += host + ",";
        }
        settings.no_proxy += "localhost,127.0.0.1,::1";  // where the core itself is found
    }
    settings.max_work_items = config.max_work_items;
    settings.max_concurrent_workers = config.max_concurrent_workers;
    settings.start_limit = config.post_start_health_check_timeout;
    settings.allow_root = config.allow_functions_to_run_as_root;
    settings.interpreters = config.interpreters;
    settings.interpreter_waits = config.ready != edge::ready_workers::none;
    settings.python_ready = config.ready >= edge::ready_workers::python;
    settings.others_ready = config.ready == edge::ready_workers::all;
    return settings;
}

edge::shadow_settings shadow_settings_of(const edge::core_config& config) {
    edge::shadow_settings settings;
    settings.file = config.write_directory / "var/state/shadows/shadows.db";
    settings.worker.sync.answer_limit = config.shadows.answer_limit;
    settings.worker.sync.token_prefix = uuid_v4().substr(0, 23) + "-";
    return settings;
}

edge::cloud_link_settings link_settings_of(const edge::core_config& config,
                                           std::shared_ptr<const edge::core_keys> keys) {
    edge::cloud_link_settings settings;
    settings.host = config.iot_host;
    settings.port = config.iot_mqtt_port;
    settings.ca_file = config.ca_path.string();
    settings.client_id =
        config.core_client_id.empty() ? config.thing_name + "-c00" : config.core_client_id;
    settings.tls = [config, keys = std::move(keys)] {
        return client_context(config, *keys, alpn_for(config.iot_mqtt_port, "x-amzn-mqtt-ca"));
    };
    settings.more_client_ids =
        (config.core_client_id.empty() ? config.thing_name : config.core_client_id) + "-c";
    settings.filters_per_connection = config.link.subscriptions_per_connection;
    settings.sessions_file = config.write_directory / "var/state/cloud/sessions.json";
    settings.proxy = proxy_of(config);
    settings.keep_alive = config.keep_alive;
    settings.operation_timeout = config.mqtt_operation_timeout;
    settings.max_retry = config.max_connection_retry_interval;
    settings.sending.window = config.cloud_messages_in_flight;
    return settings;
}

edge::service_settings service_settings_of(const edge::core_config& config,
                                           std::shared_ptr<const edge::core_keys> keys,
                                           std::shared_ptr<const std::uint64_t> identity_changes) {
    edge::service_settings settings;
    settings.host = config.gg_host;
    settings.port = config.gg_http_port;
    settings.thing = config.thing_name;
    settings.tls = [config, keys = std::move(keys)] {
        return client_context(config, *keys, alpn_for(config.gg_http_port, "x-amzn-http-ca"));
    };
    settings.proxy = proxy_of(config);
    settings.identity_changes = std::move(identity_changes);
    return settings;
}

edge::agent_settings agent_settings_of(const edge::core_config& config) {
    edge::agent_settings settings;
    settings.thing = config.thing_name;
    settings.ca_file = config.ca_path.string();
    settings.listen_address = config.gg_mqtt_address;
    settings.max_retry = config.max_connection_retry_interval;
    return settings;
}

std::vector<std::filesystem::path> identity_files_of(const edge::core_config& config) {
    std::vector<std::filesystem::path> files = {config.ca_path, config.certificate_path};
    if (!config.private_key.object) {
        files.push_back(config.private_key.file);
    }
    return files;
}

}  // namespace evergrass::greengrassd
