// greengrassd: the core. `start`, `stop`, `restart` and `status` are V1's script; `run` stays in
// the foreground; `daemon` is what `start` leaves running.

#include "apps/greengrassd/commands.hpp"
#include "apps/greengrassd/daemon.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

namespace fs = std::filesystem;

fs::path own_directory() {
    return fs::read_symlink("/proc/self/exe").parent_path();
}

// V1 ran from <root>/ggc/core; elsewhere the root is V1's default.
fs::path default_root() {
    const auto directory = own_directory();
    if (directory.filename() == "core" && directory.parent_path().filename() == "ggc") {
        return directory.parent_path().parent_path();
    }
    return "/greengrass";
}

}  // namespace

int main(int argc, char** argv) {
    namespace gg = evergrass::greengrassd;

    CLI::App app("greengrassd: the core of Evergrass, AWS IoT Greengrass V1 owned by its users");
    app.set_version_flag("--version", EVERGRASS_VERSION);
    app.require_subcommand(1);
    app.fallthrough();

    gg::command_options command;
    gg::daemon_options daemon;
    std::string root = default_root();
    std::string runtime_dir = own_directory() / "../share/evergrass/runtime";
    std::string level = "INFO";
    int report_fd = -1;
    app.add_option("--root", root, "where config/, certs/ and ggc/ are")->capture_default_str();
    app.add_flag("-i,--insecure", command.insecure,
                 "start although the kernel's link protection is off");

    auto* start = app.add_subcommand("start", "start the daemon and wait until it is ready");
    auto* stop = app.add_subcommand("stop", "stop the daemon and every function");
    auto* restart = app.add_subcommand("restart", "stop, then start");
    auto* status = app.add_subcommand("status", "say whether the daemon runs (exit status 3: no)");
    status->add_flag("--json", command.json, "print one JSON object");
    auto* run = app.add_subcommand("run", "run in the foreground, logging to standard error too");
    auto* background = app.add_subcommand("daemon", "")->group("");
    for (auto* runs : {run, background}) {
        runs->add_option("--runtime-dir", runtime_dir, "where the functions' runtimes are");
        runs->add_option("--log-level", level, "DEBUG, INFO, WARN, ERROR or FATAL")
            ->capture_default_str();
    }
    background->add_option("--report-fd", report_fd)->group("");
    CLI11_PARSE(app, argc, argv);

    command.root = fs::absolute(root).lexically_normal();
    if (start->parsed()) {
        return gg::start(command);
    }
    if (stop->parsed()) {
        return gg::stop(command);
    }
    if (restart->parsed()) {
        return gg::restart(command);
    }
    if (status->parsed()) {
        return gg::status(command);
    }
    const auto least = evergrass::parse_log_level(level);
    if (!least) {
        std::cerr << least.error().message() << "\n";
        return EXIT_FAILURE;
    }
    daemon.root = command.root;
    daemon.runtime_dir = fs::weakly_canonical(runtime_dir);
    daemon.jail_program = own_directory() / "evergrass-jail";
    daemon.least = *least;
    daemon.foreground = run->parsed();
    if (report_fd >= 0) {
        daemon.report_fd = report_fd;
    }
    return gg::run_core(daemon);
}
