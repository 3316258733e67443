#include "apps/evergrass/adopt.hpp"

#include "apps/evergrass/adopt_report.hpp"
#include "apps/evergrass/adopt_service.hpp"
#include "apps/evergrass/adopt_takeover.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/secret_input.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/v1_core/backup_archive.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <unistd.h>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

// A folder that only we can read, and that goes when we end.
class private_folder {
public:
    static result<std::unique_ptr<private_folder>> make() {
        auto pattern = (fs::temp_directory_path() / "evergrass-adopt-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            return errno_error("cannot make a folder for the archive in " +
                               fs::temp_directory_path().string());
        }
        return std::unique_ptr<private_folder>(new private_folder(pattern));
    }
    private_folder(const private_folder&) = delete;
    private_folder& operator=(const private_folder&) = delete;
    ~private_folder() {
        std::error_code failed;
        fs::remove_all(path_, failed);
    }
    const fs::path& path() const { return path_; }

private:
    explicit private_folder(fs::path path) : path_(std::move(path)) {}
    fs::path path_;
};

// "NAME=REST"
result<std::pair<std::string, std::string>> assignment(const std::string& text,
                                                       std::string_view option) {
    const auto at = text.find('=');
    if (at == 0 || at == std::string::npos) {
        return error{errc::invalid_input,
                     std::string(option) + " '" + text + "' is not of the form NAME=VALUE"};
    }
    return std::pair(text.substr(0, at), text.substr(at + 1));
}

result<v1::import_choices> choices_of(const adopt_options& options) {
    v1::import_choices out;
    out.group_name = options.group_name;
    for (const auto& text : options.secrets) {
        const auto given = assignment(text, "--secret");
        if (!given) {
            return given.error();
        }
        if (!given->second.starts_with('@')) {
            return error{
                errc::invalid_input,
                "--secret takes the value from a file, NAME=@FILE: on the command line all "
                "users of this machine could see it"};
        }
        auto value = read_secret_file(given->second.substr(1), longest_secret);
        if (!value) {
            return value.error();
        }
        out.secrets.emplace(given->first, std::move(*value));
    }
    for (const auto& text : options.device_certificates) {
        const auto given = assignment(text, "--device-cert");
        if (!given) {
            return given.error();
        }
        auto pem = read_file(given->second, longest_secret);
        if (!pem) {
            return pem.error();
        }
        out.device_certificates.emplace(given->first, std::move(*pem));
    }
    for (const auto& text : options.models) {
        const auto given = assignment(text, "--model");
        std::error_code failed;
        if (!given) {
            return given.error();
        }
        if (!fs::exists(given->second, failed)) {
            return error{errc::not_found, "--model: " + given->second + " is not there"};
        }
        out.models.emplace(given->first, given->second);
    }
    for (const auto& text : options.functions) {
        const auto given = assignment(text, "--function");
        const auto colon = given ? given->second.find(':') : std::string::npos;
        if (colon == std::string::npos) {
            return error{errc::invalid_input,
                         "--function '" + text + "' is not of the form NAME=RUNTIME:HANDLER"};
        }
        out.functions.emplace(given->first, std::pair(given->second.substr(0, colon),
                                                      given->second.substr(colon + 1)));
    }
    return out;
}

// The tree in an unpacked archive: with `tar czf x.tar.gz /greengrass` it is a folder further down.
fs::path tree_in(const fs::path& unpacked) {
    const auto is_tree = [](const fs::path& folder) {
        std::error_code failed;
        for (const auto* part : {"config/config.json", "configuration/config.json",
                                 "ggc/deployment", "deployment/group"}) {
            if (fs::exists(folder / part, failed)) {
                return true;
            }
        }
        return false;
    };
    if (is_tree(unpacked)) {
        return unpacked;
    }
    std::error_code failed;
    for (fs::recursive_directory_iterator each(unpacked, failed), end; !failed && each != end;
         each.increment(failed)) {
        if (each.depth() > 5) {
            each.disable_recursion_pending();
        } else if (each->is_directory(failed) && is_tree(each->path())) {
            return each->path();
        }
    }
    return unpacked;
}

struct read_tree {
    v1::old_core core;
    v1::import_plan plan;
    std::unique_ptr<private_folder> unpacked;  // as long as its code is wanted
};

result<read_tree> read_and_plan(const adopt_options& options) {
    if (!options.dry_run || !options.secrets.empty()) {
        protect_values("evergrass adopt");
    }
    auto choices = choices_of(options);
    if (!choices) {
        return choices.error();
    }
    read_tree out;
    auto places = options.places;
    if (!options.archive.empty()) {
        auto folder = private_folder::make();
        if (!folder) {
            return folder.error();
        }
        out.unpacked = std::move(*folder);
        if (auto done = v1::unpack_archive(options.archive, out.unpacked->path()); !done) {
            return done.error();
        }
        places.root = tree_in(out.unpacked->path());
    }
    auto core = v1::read_old_core(places);
    if (!core) {
        return core.error();
    }
    for (const auto& text : options.code) {
        const auto given = assignment(text, "--code");
        if (!given) {
            return given.error();
        }
        for (const auto& f :
             core->group ? core->group->functions : std::vector<v1::group_function>()) {
            if (f.name == given->first) {
                core->code[f.arn] = given->second;
            }
        }
    }
    auto plan = v1::plan_import(*core, *choices);
    if (plan && !plan->missing_secrets.empty() && !options.dry_run && !options.json &&
        ::isatty(STDIN_FILENO) != 0) {
        for (const auto& arn : plan->missing_secrets) {
            auto value = ask_unseen("Value of secret " + arn + " (empty: later): ", typed::once);
            if (!value) {
                return value.error();
            }
            if (!value->empty()) {
                choices->secrets[arn] = std::move(*value);
            }
        }
        plan = v1::plan_import(*core, *choices);
    }
    if (!plan) {
        return plan.error();
    }
    auto found = core->found;
    found.append(std::move(plan->found));
    plan->found = std::move(found);
    out.core = std::move(*core);
    out.plan = std::move(*plan);
    return out;
}

result<void> check_may_go_on(const adopt_options& options, const read_tree& tree) {
    if (tree.core.of_another_core && !options.force) {
        return error{errc::conflict,
                     "group.json and what is installed are not of the same core; "
                     "nothing was sent (--force goes on all the same)"};
    }
    if (options.strict && (tree.plan.found.has_guess() || tree.plan.found.has_error())) {
        std::string first;
        for (const auto& v : tree.plan.found.values) {
            if (v.how == v1::origin::guessed && first.empty()) {
                first = v.what + " (" + v.where + ")";
            }
        }
        return error{errc::invalid_input, "--strict: not everything is certain" +
                                              (first.empty() ? "" : "; guessed is " + first) +
                                              ". Nothing was sent"};
    }
    return {};
}

// The region that requests are signed for; any does.
std::string region_of(const v1::import_plan& plan) {
    return string_member(plan.request, "region").value_or("us-east-1");
}

struct outcome {
    int status = 0;
    std::string text;
    json::object report;
};

// Reads one core, shows it, sends it; the first half of all.
outcome adopt_one(const adopt_options& options, std::unique_ptr<adopting_service>* service_out,
                  std::optional<read_tree>* tree_out) {
    outcome out;
    const auto failed = [&](const error& why, int status) {
        out.status = status;
        out.text += "evergrass adopt: " + failure_text(why) + "\n";
        out.report["error"] = failure_text(why);
        return out;
    };
    auto tree = read_and_plan(options);
    if (!tree) {
        return failed(tree.error(), 2);
    }
    out.report = adoption_json(tree->core, tree->plan);
    out.text = adoption_text(tree->core, tree->plan);
    if (auto may = check_may_go_on(options, *tree); !may) {
        return failed(may.error(), 2);
    }
    if (options.dry_run) {
        out.text += "Nothing was sent and nothing changed (--dry-run).\n";
        return out;
    }
    auto service = adopting_service::make(options, region_of(tree->plan));
    if (!service) {
        return failed(service.error(), 2);
    }
    const auto made = (*service)->import(tree->plan, [&](const std::string& text) {
        if (!options.json) {
            std::cerr << text << "\n";
        }
    });
    if (!made) {
        return failed(made.error(), made.error().code == errc::conflict ? 1 : 2);
    }
    std::size_t shadows = 0;
    for (const auto& shadow : tree->core.shadows) {
        const auto put = (*service)->put_shadow(shadow);
        if (!put) {
            return failed(with_context(put.error(), "the shadow of " + shadow.thing), 1);
        }
        shadows += *put ? 1 : 0;
    }
    std::size_t models = 0;
    for (const auto& model : tree->plan.models) {
        if (!options.json) {
            std::cerr << "Sending the model of resource " << model.resource_id << " to s3://"
                      << model.bucket << "/" << model.key << "\n";
        }
        const auto put = (*service)->put_model(model);
        if (!put) {
            return failed(put.error(), 1);
        }
        models += *put ? 1 : 0;
    }
    out.report["modelsMade"] = models;
    out.report["made"] = int_member(*made, "made").value_or(0);
    out.report["same"] = int_member(*made, "same").value_or(0);
    out.report["shadowsMade"] = shadows;
    out.text += "At the service: made " + std::to_string(int_member(*made, "made").value_or(0)) +
                ", there already " + std::to_string(int_member(*made, "same").value_or(0)) +
                ", shadows " + std::to_string(shadows) + ", models " + std::to_string(models) +
                ". Group " + tree->plan.group_id + "\n";
    bool incomplete = tree->plan.found.has_error();
    for (const auto& arn : tree->plan.missing_secrets) {
        const auto there = (*service)->has_secret(arn);
        incomplete |= !there || !*there;
    }
    if (incomplete) {
        out.status = 1;
        out.text += "Not everything is there: see above.\n";
    }
    if (service_out != nullptr) {
        *service_out = std::move(*service);
        tree_out->emplace(std::move(*tree));
    }
    return out;
}

bool is_archive(const fs::path& path) {
    const auto name = path.filename().string();
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{".tar.gz", ".tgz", ".tar", ".tar.xz", ".tar.bz2",
                                                ".tar.zst", ".zip"},
        [&](auto tail) { return name.ends_with(tail); });
}

// Each archive and tree of the folder by itself; a core that cannot be read keeps none from the
// others.
int adopt_fleet(const adopt_options& options) {
    std::vector<fs::path> sources;
    std::error_code failed;
    for (fs::directory_iterator each(options.fleet, failed), end; !failed && each != end;
         each.increment(failed)) {
        if (each->is_directory(failed) || is_archive(each->path())) {
            sources.push_back(each->path());
        }
    }
    if (failed || sources.empty()) {
        std::cerr << "evergrass adopt: " << options.fleet.string()
                  << " holds no archive (.tar.gz, .tar, .zip …) and no tree\n";
        return 2;
    }
    std::ranges::sort(sources);
    int status = 0;
    std::size_t done = 0;
    for (const auto& source : sources) {
        auto one = options;
        one.fleet.clear();
        if (fs::is_directory(source, failed)) {
            one.places.root = tree_in(source);
        } else {
            one.archive = source;
        }
        auto each = adopt_one(one, nullptr, nullptr);
        status = std::max(status, each.status);
        done += each.status == 0 ? 1 : 0;
        if (options.json) {
            each.report["source"] = source.string();
            each.report["status"] = each.status;
            std::cout << json::serialize(each.report) << std::endl;
        } else {
            std::cout << "== " << source.filename().string() << "\n" << each.text << std::endl;
        }
    }
    if (!options.json) {
        std::cout << done << " of " << sources.size() << " cores without anything to look at\n";
    }
    return status;
}

CLI::App* declare(CLI::App& app, adopt_options& o) {
    auto* adopt = app.add_subcommand(
        "adopt",
        "Take over a core of AWS IoT Greengrass V1: read its installed tree, make its group at "
        "the\n"
        "service with the ids and ARNs that it has, and (--switch) run Evergrass's core in its "
        "place.\nNothing below the root is written; --undo puts the old core back.\n"
        "Exit status: 0 all of it, 1 done but for what is said, 2 not begun (docs/rescue.md).");
    auto* root = adopt->add_option("--root", o.places.root, "The old core's root")
                     ->type_name("DIR")
                     ->capture_default_str();
    adopt
        ->add_option("--config", o.places.config,
                     "Its config.json, where it is apart from the root")
        ->type_name("PATH");
    adopt->add_option("--certs", o.places.certs, "Its certificates, likewise")->type_name("DIR");
    adopt->add_option("--deployment", o.places.deployment, "Its deployment folder, likewise")
        ->type_name("DIR");
    adopt->add_option("--state", o.places.state, "Its var/state, likewise")->type_name("DIR");
    adopt->add_option("--group-file", o.places.group_file, "The file that holds the group")
        ->type_name("FILE");
    auto* archive = adopt->add_option("--archive", o.archive, "A copy of the tree: .tar.gz, .zip …")
                        ->type_name("FILE")
                        ->excludes(root);
    adopt->add_option("--fleet", o.fleet, "A folder of such copies: all of them")
        ->type_name("DIR")
        ->excludes(root)
        ->excludes(archive);
    adopt->add_option("--service", o.service, "The service: https://HOST:PORT of its APIs")
        ->type_name("URL");
    adopt->add_option("--ca", o.ca_file, "What signs the service's certificate")->type_name("FILE");
    adopt
        ->add_option("--endpoints", o.endpoints, "An endpoints.json instead of these two and a key")
        ->type_name("FILE");
    adopt->add_flag("--dry-run", o.dry_run, "Show what was found and would be made; send nothing");
    adopt->add_flag("--strict", o.strict, "Refuse where something is guessed or missing");
    adopt->add_flag("--force", o.force, "Go on although group.json is of another core");
    adopt->add_option("--name", o.group_name, "The group's name, which no core has");
    adopt->add_option("--secret", o.secrets, "NAME=@FILE: a secret's value, which no core gives")
        ->type_name("NAME=@FILE");
    adopt->add_option("--device-cert", o.device_certificates, "THING=FILE: a device's certificate")
        ->type_name("THING=FILE");
    adopt
        ->add_option("--function", o.functions,
                     "NAME=RUNTIME:HANDLER, for code without a group.json")
        ->type_name("NAME=…");
    adopt->add_option("--code", o.code, "NAME=DIR: the code of a function whose folder is lost")
        ->type_name("NAME=DIR");
    adopt
        ->add_option("--model", o.models,
                     "ID=PATH: the folder or archive of a model, by its resource's Id or Name")
        ->type_name("ID=PATH");
    auto* over = adopt
                     ->add_flag("--switch", o.switch_over,
                                "Then deploy, and run Evergrass's core in the old one's place")
                     ->excludes(archive);
    adopt->add_flag("--undo", o.undo, "Put the old core back")->excludes(over);
    adopt->add_option("--work", o.work, "Evergrass's own folder (default: ROOT.evergrass)")
        ->type_name("DIR");
    adopt->add_option("--program", o.program, "The greengrassd to run (default: beside evergrass)")
        ->type_name("FILE");
    adopt->add_option("--wait", o.wait_seconds, "Seconds until the checks of --switch must hold")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    adopt
        ->add_option("--devices-within", o.devices_within_seconds,
                     "A check of its own: all devices are back after so many seconds")
        ->check(CLI::Range(0, 86'400));
    adopt
        ->add_option("--messages-within", o.messages_within_seconds,
                     "Another: subscriptions have carried messages after so many seconds")
        ->check(CLI::Range(0, 86'400));
    adopt
        ->add_option("--messages-on", o.messages_on,
                     "On how many: 'any' names those that were quiet, 'all' goes back for one")
        ->check(CLI::IsMember({"any", "all"}))
        ->capture_default_str();
    adopt
        ->add_option("--may-be-quiet", o.may_be_quiet,
                     "The id of a subscription that 'all' does without")
        ->type_name("ID");
    adopt->add_flag("-i,--insecure", o.insecure,
                    "Evergrass's core starts although the kernel's link protection is off");
    adopt->add_flag("--json", o.json, "Print JSON: one object a core, or a step, on a line");
    return adopt;
}

}  // namespace

int run_adopt(const adopt_options& options) {
    if (options.undo) {
        return undo_switch(options);
    }
    if (!options.fleet.empty()) {
        if (options.switch_over) {
            std::cerr << "evergrass adopt: --switch is done on each core itself\n";
            return 2;
        }
        return adopt_fleet(options);
    }
    std::unique_ptr<adopting_service> service;
    std::optional<read_tree> tree;
    const auto done = adopt_one(options, &service, &tree);
    if (options.json) {
        std::cout << json::serialize(done.report) << std::endl;
    } else {
        (done.status == 2 ? std::cerr : std::cout) << done.text;
    }
    if (!options.switch_over || options.dry_run || !service) {
        return done.status;
    }
    return std::max(done.status, switch_core(options, tree->core, tree->plan, *service));
}

void add_adopt(CLI::App& app, verbs& all) {
    const auto options = std::make_shared<adopt_options>();
    const auto* asked = declare(app, *options);
    all.push_back({asked, [options] { return run_adopt(*options); }, true});
}

}  // namespace evergrass::cli
