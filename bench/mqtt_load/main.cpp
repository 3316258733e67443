// The load of ./dev bench mqtt: one broker, one scenario, one JSON object with what came of it.

#include "bench/mqtt_load/sessions.hpp"
#include "bench/mqtt_load/traffic.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>

namespace {

using namespace mqtt_load;

struct wanted {
    std::uint16_t port = 0;
    int version = 4;
    std::string certificates;
    bool tls_1_2 = false;
    traffic_options traffic;
    std::size_t count = 100;
    bool resume = false;
};

void add_traffic(CLI::App& to, wanted& w) {
    auto& t = w.traffic;
    to.add_option("--shape", t.form, "pairs, fan-out or fan-in")
        ->required()
        ->transform(CLI::CheckedTransformer(std::map<std::string, shape>{
            {"pairs", shape::pairs}, {"fan-out", shape::fan_out}, {"fan-in", shape::fan_in}}));
    to.add_option("--clients", t.clients, "pairs, or the ends on the wide side")
        ->check(CLI::Range(1, 100'000));
    to.add_option("--qos", t.qos)->check(CLI::Range(0, 1));
    to.add_option("--size", t.payload_size, "bytes of a payload");
    to.add_option("--batch", t.batch, "messages a write");
    to.add_option("--window", t.window, "most messages ahead of the slowest receiver");
    to.add_option("--inflight", t.inflight, "QoS 1: most messages without their PUBACK")
        ->check(CLI::Range(1, 60'000));
    to.add_option("--rate", t.rate, "messages a second in an open loop; 0: as fast as it goes")
        ->check(CLI::NonNegativeNumber);
    to.add_option("--warm-up", t.warm_up, "seconds");
    to.add_option("--seconds", t.seconds);
    to.add_option("--messages", t.messages, "so many for each publisher instead of --seconds");
}

boost::json::object run(const CLI::App& app, wanted& w) {
    std::optional<tls_client> tls;
    target to{w.port, static_cast<protocol>(w.version), nullptr};
    const bool holds = app.got_subcommand("hold");
    if (!w.certificates.empty()) {
        const auto devices = app.got_subcommand("traffic") ? 2 * w.traffic.clients
                             : holds                       ? w.count
                                                           : 1;
        tls.emplace(tls_client::options{w.certificates, devices, w.tls_1_2, holds});
        to.tls = &*tls;
    }
    if (app.got_subcommand("traffic")) {
        return run_traffic(to, w.traffic);
    }
    if (holds) {
        return hold_connections(to, w.count);
    }
    return repeat_handshakes(to, w.count, w.resume, w.traffic.broker);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    wanted w;
    CLI::App app("mqtt_load: load for an MQTT broker on 127.0.0.1, and a check of every message");
    app.require_subcommand(1);
    app.add_option("--port", w.port)->required();
    app.add_option("--protocol", w.version, "4 (MQTT 3.1.1) or 5")->check(CLI::Range(4, 5));
    app.add_option("--certificates", w.certificates,
                   "directory of mqtt_load_certificates; without it: no TLS");
    app.add_flag("--tls-1.2", w.tls_1_2, "no TLS 1.3");
    app.add_option("--broker-pid", w.traffic.broker, "whose CPU time is read");
    add_traffic(*app.add_subcommand("traffic", "messages"), w);
    app.add_subcommand("hold", "many silent connections, until standard input ends")
        ->add_option("--count", w.count);
    auto* handshakes = app.add_subcommand("handshakes", "connect and leave, again and again");
    handshakes->add_option("--count", w.count);
    handshakes->add_flag("--resume", w.resume, "offer the session of the one before")
        ->needs(app.get_option("--certificates"));
    CLI11_PARSE(app, argc, argv);
    try {
        const auto result = run(app, w);
        std::cout << boost::json::serialize(result) << std::endl;
        return result.at("ok").as_bool() ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception& e) {
        std::cerr << "mqtt_load: " << e.what() << "\n";
        return EXIT_FAILURE;
    }
}
