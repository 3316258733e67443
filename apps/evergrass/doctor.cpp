#include "apps/evergrass/doctor.hpp"

#include "apps/doctor/doctor.hpp"
#include "apps/doctor/report.hpp"
#include "apps/evergrass/child_process.hpp"
#include "apps/evergrass/failure.hpp"
#include "libs/base/file.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <unistd.h>

namespace evergrass::cli {
namespace {

constexpr int not_written = 2;

constexpr char about[] =
    "Look at this machine, a core's folder, its certificates and its service, and say what keeps "
    "a\n"
    "core from running here and what to do about it. The core need not run; one that does is not\n"
    "disturbed. Run it as the user that the core runs as.\n"
    "Exit status: 0 a core can run here with GreengrassContainer, 1 with less isolation "
    "(NoContainer,\nor rootless), 2 it can't.";

struct options {
    doctor::doctor_options what;
    std::optional<std::filesystem::path> junit;
    bool json = false;
    const CLI::Option* root = nullptr;
};

int run(const options& asked) {
    auto what = asked.what;
    what.root_was_named = asked.root->count() > 0;
    const auto folder = own_folder();
    if (!folder) {
        std::cerr << "evergrass doctor: " << failure_text(folder.error()) << "\n";
        return not_written;
    }
    what.jail_program = *folder / "evergrass-jail";
    const bool colours = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    const auto groups = doctor::examine(what, [&](const doctor::finding_group& group) {
        if (!asked.json) {
            std::cout << doctor::text_of(group, colours) << "\n" << std::flush;
        }
    });
    if (asked.json) {
        auto answer = doctor::json_of(groups);
        answer["root"] = what.root.string();
        std::cout << json::serialize(answer) << "\n";
    } else {
        std::cout << doctor::summary_of(groups);
    }
    if (asked.junit) {
        const auto xml = doctor::junit_of(groups, std::chrono::system_clock::now());
        if (const auto written = write_file_atomically(*asked.junit, xml); !written) {
            std::cerr << "evergrass doctor: --junit: " << failure_text(written.error()) << "\n";
            return not_written;
        }
    }
    return doctor::status_of(groups);
}

}  // namespace

void add_doctor(CLI::App& app, verbs& all) {
    const auto asked = std::make_shared<options>();
    auto* verb = app.add_subcommand("doctor", about);
    asked->root = verb->add_option("--root", asked->what.root, "The core's folder")
                      ->type_name("DIR")
                      ->capture_default_str();
    verb->add_flag("--offline", asked->what.offline, "Don't ask the service");
    verb->add_flag("-i", asked->what.starts_insecure,
                   "The core is started with -i, as V1's can be");
    verb->add_option("--junit", asked->junit, "Write the findings to a file, as JUnit's XML")
        ->type_name("FILE");
    verb->add_flag("--json", asked->json, "Print one JSON object");
    all.push_back({verb, [asked] { return run(*asked); }, true});
}

}  // namespace evergrass::cli
