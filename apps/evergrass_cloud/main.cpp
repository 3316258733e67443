#include "apps/evergrass_cloud/keys_command.hpp"
#include "apps/evergrass_cloud/options.hpp"
#include "apps/evergrass_cloud/restore_command.hpp"
#include "apps/evergrass_cloud/service.hpp"
#include "libs/db/postgres.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>

// The map: options in, one of four commands, an exit code out. What the service is made of:
// parts.hpp; where it listens: doors.hpp; its files: data_directory.hpp.

using namespace evergrass;

namespace {

void add_limit_options(CLI::App& app, cloud::service_options& options) {
    app.add_option("--audit-days", options.audit_days, "How long entries of the audit are kept")
        ->check(CLI::Range(1, 36'500))
        ->capture_default_str();
    app.add_option("--audit-entries", options.audit_entries, "How many are kept at most")
        ->check(CLI::Range(std::int64_t{1'000}, std::int64_t{1'000'000'000}))
        ->capture_default_str();
    app.add_option("--key-rate", options.key_rate,
                   "Requests a second by one access key; 0: no limit")
        ->capture_default_str();
    app.add_option("--address-rate", options.address_rate,
                   "Requests a second from one address; 0: no limit")
        ->capture_default_str();
    app.add_option("--connections-per-address", options.connections_per_address,
                   "Open connections of one address to the ports of the APIs; 0: no limit")
        ->capture_default_str();
    app.add_option(
           "--device-connections", options.device_connections,
           "Open connections of devices and cores, by MQTT and as many by HTTPS; each is an "
           "open file (ulimit -Hn)")
        ->check(CLI::Range(1U, 1'000'000U))
        ->capture_default_str();
}

// The password is better in the environment (PGPASSWORD) or in ~/.pgpass than in the URL.
void add_store_option(CLI::App& app, std::string& store) {
    app.add_option("--store", store,
                   "postgresql://[USER@]HOST[:PORT]/DATABASE that holds the state; default: "
                   "DATA/service.db, SQLite")
        ->envname("EVERGRASS_STORE")
        ->check(CLI::Validator(
            [](std::string& text) {
                return db::is_postgres(text) ? "" : "must begin with postgresql://";
            },
            "URL"));
}

void add_service_options(CLI::App& app, cloud::service_options& options, std::string& level) {
    app.add_option("--data", options.data, "Folder of the service's state; made when missing");
    app.add_option("--listen", options.listen, "Address to listen on")->capture_default_str();
    app.add_option("--api-port", options.api_port,
                   "HTTPS: the AWS APIs, MQTT in WebSocket, and by ALPN MQTT and mTLS")
        ->capture_default_str();
    app.add_option("--http-port", options.http_port, "Plain HTTP: the AWS APIs, on loopback only")
        ->capture_default_str();
    app.add_option("--mqtt-port", options.mqtt_port, "MQTT over mutual TLS")->capture_default_str();
    app.add_option("--iot-https-port", options.iot_https_port,
                   "HTTPS over mutual TLS: discovery, cores, publishing")
        ->capture_default_str();
    app.add_option("--region", options.region, "Region in ARNs")->capture_default_str();
    app.add_option("--account", options.account, "Account in ARNs: 12 digits")
        ->check(CLI::Validator(
            [](std::string& text) {
                const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
                return digits && text.size() == 12 ? "" : "must be 12 digits";
            },
            "12 DIGITS"))
        ->capture_default_str();
    app.add_option("--host", options.hosts,
                   "More names or addresses of this machine, for the server certificate; the first "
                   "is what DescribeEndpoint answers");
    app.add_option("--mqtt-session-expiry", options.mqtt_session_expiry,
                   "Seconds that an MQTT session may outlive its connection; AWS IoT: 3600, up to "
                   "604800. 4294967295: for ever")
        ->capture_default_str();
    app.add_option("--mqtt-queue-bytes", options.mqtt_queue_bytes,
                   "Bytes that wait for one MQTT client that is away or slow; what is more is lost "
                   "for it, and logged")
        ->check(CLI::Range(std::size_t{256} * 1024, std::size_t{1} << 34))
        ->capture_default_str();
    app.add_option("--aws-credentials", options.aws_credentials,
                   "AWS credentials file whose [default] keys ask AWS STS for the roles of groups "
                   "with the tag evergrass:credentials=sts");
    app.add_option("--sts-region", options.sts_region, "AWS region of STS; default: --region");
    app.add_option("--sts-endpoint", options.sts_endpoint,
                   "http[s]://HOST[:PORT] of STS; default: https://sts.REGION.amazonaws.com");
    app.add_option("--sts-ca-file", options.sts_ca_file,
                   "PEM of who signed that endpoint's certificate; default: the system's CAs");
    app.add_option("--upstream", options.upstream,
                   "JSON file that says which of the APIs of Lambda, S3, Secrets Manager, "
                   "CloudWatch Logs, IAM and STS are at another endpoint, such as AWS's");
    app.add_option("--software-updates", options.software_updates,
                   "s3://BUCKET/KEY of the object that lists the packages with which "
                   "CreateSoftwareUpdateJob updates cores");
    app.add_flag("--allow-reset", options.allow_reset,
                 "Serve POST /_evergrass/reset, which empties the service, to tests on loopback");
    app.add_option("--log-level", level, "DEBUG, INFO, WARN, ERROR or FATAL")
        ->capture_default_str();
    app.add_option("--ready-file", options.ready_file,
                   "Write service.json here too when the service is ready");
    app.add_option("--master-key", options.master_key,
                   "File of the key that seals the database's secrets, or pkcs11: URI of one in a "
                   "token; default: DATA/master.key");
    add_store_option(app, options.store);
    app.add_option(
           "--bus", options.bus,
           "nats:// or tls://[USER:PASSWORD@]HOST[:PORT] of a nats-server with JetStream, by which "
           "several services of one --store serve at once")
        ->envname("EVERGRASS_BUS")
        ->check(CLI::Validator(
            [](std::string& text) {
                return text.starts_with("nats://") || text.starts_with("tls://")
                           ? ""
                           : "must begin with nats:// or tls://";
            },
            "URL"));
    app.add_option("--bus-ca", options.bus_ca,
                   "PEM of who signed the certificate of a tls:// bus; default: the system's CAs")
        ->envname("EVERGRASS_BUS_CA")
        ->check(CLI::ExistingFile);
    app.add_flag("--standby", options.standby,
                 "While another evergrass-cloud serves from the same --store, wait to take over");
    add_limit_options(app, options);
}

void add_restore_options(CLI::App& command, cloud::restore_options& options) {
    command.add_option("FILE", options.file, "The backup")->required();
    command.add_option("--data", options.data, "Folder of the service's state")->required();
    command.add_option("--master-key", options.master_key,
                       "The key that sealed its secrets; default: DATA/master.key");
    command.add_flag("--force", options.force,
                     "Although there is a database; what is there is kept beside it");
    command.add_flag("--json", options.json, "Answer in JSON");
}

int finish(const result<void>& done) {
    if (!done) {
        std::cerr << "evergrass-cloud: " << done.error().message() << "\n";
        return 1;
    }
    return 0;
}

int run(cloud::service_options& options, const std::string& level_text) {
    if (options.data.empty()) {
        return finish(error{{}, "--data DIR is needed: the folder for the service's state"});
    }
    if (!options.bus.empty() && (options.store.empty() || options.standby)) {
        return finish(error{{},
                            options.standby ? "--standby is for a service without --bus; with "
                                              "it all of them serve"
                                            : "--bus needs --store postgresql://...: what "
                                              "several services share"});
    }
    const auto level = parse_log_level(level_text);
    if (!level) {
        return finish(level.error());
    }
    options.level = *level;
    return finish(cloud::run_service(options, logger::to_stderr(*level)));
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a client that goes away is an error of that connection
    CLI::App app("The Evergrass service: the AWS APIs, device MQTT, discovery and deployments.");
    app.set_version_flag("--version", EVERGRASS_VERSION);
    cloud::service_options options;
    std::string level = "INFO";
    add_service_options(app, options, level);

    cloud::keys_options key_options;
    auto* keys = app.add_subcommand("keys", "Access keys for the AWS APIs");
    keys->require_subcommand(1);
    auto* create = keys->add_subcommand("create", "Make a key; its secret is shown this once");
    auto* list = keys->add_subcommand("list", "Show the keys' ids");
    for (auto* command : {create, list}) {
        command->add_option("--data", key_options.data, "Folder of the service's state")
            ->required();
        command->add_option("--master-key", key_options.master_key,
                            "As the service is started with");
        add_store_option(*command, key_options.store);
        command->add_flag("--json", key_options.json, "Answer in JSON");
    }
    create->add_option("--role", key_options.role, "admin, operator or read-only")
        ->check(CLI::IsMember({"admin", "operator", "read-only"}))
        ->capture_default_str();
    create->add_option("--name", key_options.name, "For people: whose it is");
    cloud::restore_options restore_options;
    auto* restore = app.add_subcommand(
        "restore", "Put a backup in the place of the service's folder, with the service stopped");
    add_restore_options(*restore, restore_options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong) == 0 ? 0 : 1;  // 0: --help and --version
    }
    try {
        if (*create) {
            return finish(cloud::create_key(key_options));
        }
        if (*list) {
            return finish(cloud::list_keys(key_options));
        }
        if (*restore) {
            return finish(cloud::restore(restore_options));
        }
        return run(options, level);
    } catch (const std::exception& failed) {
        return finish(error{{}, failed.what()});
    }
}
