// mqtt_testbed: the core's MQTT server without a core, for conformance suites and load tools.
// Open to any client and topic, or with the rules of a group. Prints {"port":N,"wsPort":M} when it
// is ready and runs until SIGTERM or SIGINT.

#include "apps/mqtt_testbed/group.hpp"
#include "apps/mqtt_testbed/open_policy.hpp"
#include "apps/mqtt_testbed/options.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/open_files.hpp"
#include "libs/mqtt/server.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sys/resource.h>

namespace {

using namespace evergrass;
using testbed::options;

constexpr std::size_t max_pem_bytes = 1024 * 1024;

void add_limits(CLI::App& app, options& wanted, std::string& profile) {
    auto& l = wanted.limits;
    app.add_option("--profile", profile, "full, or v1 for what V1's local server did")
        ->check(CLI::IsMember({"full", "v1"}));
    app.add_option("--max-packet-bytes", l.max_packet_bytes, "of one MQTT packet");
    app.add_option("--max-topic-bytes", l.max_topic_bytes);
    app.add_option("--max-topic-levels", l.max_topic_levels);
    app.add_option("--max-filters", l.max_filters, "of one session");
    app.add_option("--session-queue-bytes", l.max_queued_bytes, "that wait for one client");
    app.add_option("--receive-maximum", l.receive_maximum, "QoS 1 and 2 under way from a client")
        ->check(CLI::Range(1, 65'535));
    app.add_option("--max-inflight", l.max_inflight, "QoS 1 and 2 under way to a client")
        ->check(CLI::Range(1, 65'535));
    app.add_option("--topic-alias-maximum", l.topic_alias_maximum);
    app.add_option("--server-keep-alive", l.max_keep_alive, "seconds; 0: as clients want");
    app.add_option("--max-session-expiry", l.max_session_expiry, "seconds");
    app.add_option("--max-retained", l.max_retained, "retained messages");
    app.add_option("--max-retained-bytes", l.max_retained_bytes);
    app.add_option("--max-connections", l.max_connections);
    app.add_option("--max-sessions", l.max_sessions, "connected or kept");
    app.add_option("--connects-per-second", l.connects_per_second, "0: no limit");
}

// Files first: what is wrong with them is said before anything runs.
result<rt::server_tls_settings> read_tls(const options& wanted) {
    rt::server_tls_settings tls;
    tls.authentication = wanted.ca.empty() && wanted.group.empty() ? rt::client_auth::none
                                                                   : rt::client_auth::required;
    for (const auto& [path, pem] :
         {std::pair(&wanted.certificate, &tls.identity.chain_pem),
          std::pair(&wanted.key, &tls.identity.key_pem), std::pair(&wanted.ca, &tls.ca_pem)}) {
        if (path->empty()) {
            continue;
        }
        auto read = read_file(*path, max_pem_bytes);
        if (!read) {
            return read.error();
        }
        if (read->find("-----BEGIN ") == std::string::npos) {
            return error{errc::invalid_input, *path + " holds nothing in PEM"};
        }
        *pem = std::move(*read);
    }
    return tls;
}

result<std::shared_ptr<const rt::server_tls>> make_tls(const options& wanted,
                                                       edge::group_policy* group) {
    auto settings = read_tls(wanted);
    if (!settings) {
        return settings.error();
    }
    if (group != nullptr) {
        settings->admit = [group](const std::string& certificate) {
            return group->admits(certificate);
        };
        settings->ca_pem.clear();  // a core goes by the exact certificate, and by nothing else
    }
    auto made = rt::server_tls::make(*settings, rt::tls_sessions());
    if (!made) {
        return with_context(made.error(), wanted.certificate + ", " + wanted.key +
                                              (wanted.ca.empty() ? "" : " or " + wanted.ca));
    }
    return made;
}

result<void> serve(const options& wanted) {
    const auto log = logger::to_stderr(wanted.least);
    std::unique_ptr<testbed::loss_file> losses;
    if (!wanted.losses.empty()) {
        auto opened = testbed::loss_file::open(wanted.losses);
        if (!opened) {
            return opened.error();
        }
        losses = std::move(*opened);
    }
    testbed::open_policy open(std::move(losses));
    std::unique_ptr<testbed::group> group;
    if (!wanted.group.empty()) {
        auto read = testbed::group::read(wanted.group, wanted.tls(), wanted.limits, log);
        if (!read) {
            return read.error();
        }
        group = std::move(*read);
    }
    mqtt::listen_settings where;
    where.address = wanted.address;
    where.port = wanted.port;
    if (wanted.tls()) {
        auto tls = make_tls(wanted, group ? &group->rules() : nullptr);
        if (!tls) {
            return tls.error();
        }
        where.tls = [made = *tls] { return made; };
    }
    mqtt::server_settings settings;
    settings.limits = wanted.limits;
    settings.shards = wanted.threads;
    settings.data_directory = wanted.data;
    settings.limits.retained_by_source = group != nullptr;
    mqtt::policy& rules = group ? static_cast<mqtt::policy&>(group->rules()) : open;
    auto server = mqtt::server::start(std::move(settings), rules, log);
    if (!server) {
        return server.error();
    }
    const auto port = (*server)->listen(where);
    if (!port) {
        return port.error();
    }
    std::string ready = "{\"port\":" + std::to_string(*port);
    if (wanted.websocket_port) {
        where.port = *wanted.websocket_port;
        where.websocket = true;
        const auto second = (*server)->listen(where);
        if (!second) {
            return second.error();
        }
        ready += ",\"wsPort\":" + std::to_string(*second);
    }
    std::cout << ready << "}" << std::endl;

    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    int which = 0;
    sigwait(&ends, &which);
    return (*server)->stop();
}

// Before the first thread: all of them inherit it, and sigwait() gets the signals.
void prepare_process() {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    allow_open_files(RLIM_INFINITY);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("mqtt_testbed: the MQTT server of Evergrass's core, alone");
    app.set_version_flag("--version", EVERGRASS_VERSION);
    options wanted;
    std::string profile = "full";
    std::string level = "WARN";
    bool open = false;
    app.add_option("--port", wanted.port, "0: a free one")->required();
    app.add_option("--ws-port", wanted.websocket_port, "MQTT in WebSocket; 0: a free one");
    app.add_option("--address", wanted.address)->capture_default_str();
    auto* certificate = app.add_option("--cert", wanted.certificate, "PEM; without: plain TCP");
    auto* key = app.add_option("--key", wanted.key, "PEM")->needs(certificate);
    certificate->needs(key);
    app.add_option("--ca", wanted.ca, "PEM; clients need a certificate of it (--open)")
        ->needs(certificate);
    auto* rules = app.add_option_group("rules")->require_option(1);
    auto* is_open = rules->add_flag("--open", open, "any client, any topic");
    rules->add_option("--group", wanted.group,
                      "group.json: its devices by their certificates, its subscription table");
    app.add_option("--data", wanted.data, "directory where sessions outlive the process");
    app.add_option("--losses", wanted.losses,
                   "file that gets a line for each message that a client did not get")
        ->needs(is_open);
    app.add_option("--threads", wanted.threads, "that speak MQTT; 0: half of the processors")
        ->check(CLI::Range(0, 64));
    app.add_option("--log-level", level, "DEBUG, INFO, WARN, ERROR or FATAL");
    add_limits(app, wanted, profile);
    CLI11_PARSE(app, argc, argv);

    wanted.limits.behaviour = profile == "v1" ? mqtt::profile::v1 : mqtt::profile::full;
    const auto least = parse_log_level(level);
    const auto outcome = [&]() -> result<void> {
        if (!least) {
            return least.error();
        }
        wanted.least = *least;
        prepare_process();
        return serve(wanted);
    }();
    if (!outcome) {
        std::cerr << "mqtt_testbed: " << outcome.error().message() << "\n";
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
