// The map of the command line: one file a verb.
#include "apps/evergrass/up.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

namespace {

using evergrass::cli::up_options;

constexpr char about[] =
    "Evergrass: AWS IoT Greengrass V1 that its users own.\n"
    "Run `evergrass up --dir DIR` for a whole system on this machine.";

constexpr char about_up[] =
    "Start the service and a core on this machine, deploy a sample group through the public AWS\n"
    "APIs, and show its messages with the time each took, until Ctrl-C.\n"
    "Everything is kept in DIR: a second `up` finds its group as it was. DIR/endpoints.json holds\n"
    "what other programs need: addresses, CA, access key, device certificates (docs/cli.md).";

void add_up(CLI::App& app, up_options& options) {
    auto* up = app.add_subcommand("up", about_up);
    up->add_option("--dir", options.directory, "The data directory; made when missing")
        ->required()
        ->type_name("DIR");
    up->add_option("--address", options.address,
                   "The IP address to listen on and to name to clients (default 127.0.0.1). "
                   "Without --port-base: AWS's ports 443, 8443 and 8883 there")
        ->type_name("IP");
    up->add_option("--port-base", options.port_base,
                   "The first of six ports: APIs, APIs by plain HTTP, IoT MQTT, IoT HTTPS, core "
                   "MQTT, core IPC. 0: free ones (default 9440, IPC on 8000)")
        ->type_name("N")
        ->check(CLI::Range(0, 65'530));
    up->add_option("--region", options.region, "The AWS region to be")
        ->type_name("NAME")
        ->check(CLI::Validator(
            [](const std::string& text) {
                const bool fits = !text.empty() && text.size() <= 32 &&
                                  text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                                      std::string::npos;
                return fits ? std::string() : "'" + text + "' is no region name, as us-east-1 is";
            },
            ""))
        ->capture_default_str();
    up->add_option("--account", options.account, "The AWS account number to be")
        ->type_name("N")
        ->check(CLI::Validator(
            [](const std::string& text) {
                const bool fits =
                    text.size() == 12 && text.find_first_not_of("0123456789") == std::string::npos;
                return fits ? std::string() : "'" + text + "' is no account number of 12 digits";
            },
            ""))
        ->capture_default_str();
    up->add_flag_callback(
        "--no-sample", [&options] { options.sample = false; }, "Start the service alone");
    up->add_flag("--once", options.once,
                 "Stop when each flow of the sample was seen: status 0. Not seen within 30 s: "
                 "status 1 and the reason");
    up->add_flag("--allow-reset", options.allow_reset,
                 "Let POST /_evergrass/reset on the plain HTTP listener empty the service: for "
                 "conformance suites");
    up->add_flag("--json", options.json, "Write one JSON object a line");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{about};
    app.set_version_flag("--version", "evergrass " EVERGRASS_VERSION);
    app.require_subcommand(1);
    up_options options;
    add_up(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e);
    }
    try {
        return evergrass::cli::run_up(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evergrass: unexpected: %s\n", e.what());
        return 1;
    }
}
