// The map of the command line: one file a verb.
#include "apps/evergrass/adopt.hpp"
#include "apps/evergrass/audit.hpp"
#include "apps/evergrass/backup.hpp"
#include "apps/evergrass/check.hpp"
#include "apps/evergrass/dev.hpp"
#include "apps/evergrass/device.hpp"
#include "apps/evergrass/device_bundle.hpp"
#include "apps/evergrass/doctor.hpp"
#include "apps/evergrass/functions.hpp"
#include "apps/evergrass/group.hpp"
#include "apps/evergrass/invoke.hpp"
#include "apps/evergrass/keys.hpp"
#include "apps/evergrass/link.hpp"
#include "apps/evergrass/local_deploy.hpp"
#include "apps/evergrass/provision_core.hpp"
#include "apps/evergrass/secrets.hpp"
#include "apps/evergrass/shadow.hpp"
#include "apps/evergrass/status.hpp"
#include "apps/evergrass/up.hpp"
#include "apps/evergrass/verb.hpp"
#include "apps/evergrass/why.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
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

CLI::App* add_up(CLI::App& app, up_options& options) {
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
    return up;
}

// Which running core a verb asks: two options, of which one may be given.
struct core_choice {
    CLI::Option* root;
    CLI::Option* socket;
};
core_choice add_core(CLI::App& verb, std::filesystem::path& root,
                     std::optional<std::filesystem::path>& socket) {
    auto* folder = verb.add_option("--root", root, "The core's folder")
                       ->type_name("DIR")
                       ->capture_default_str();
    return {folder, verb.add_option("--socket", socket, "The core's socket itself")
                        ->type_name("PATH")
                        ->excludes(folder)};
}

constexpr char about_why[] =
    "Say why a message arrives or not: which subscriptions it meets, who gets it, and what keeps\n"
    "others from it. Asks the running core, or looks at a group in a file (--file).\n"
    "Ends are thing:NAME, function:NAME[:VERSION], connector:NAME, cloud, shadow or ARNs.\n"
    "Exit status: 0 delivered, 1 not delivered, 2 the question cannot be answered.";

CLI::App* add_why(CLI::App& app, evergrass::cli::why_options& options) {
    auto* why = app.add_subcommand("why", about_why);
    why->add_option("--from", options.from, "Who publishes")->required()->type_name("END");
    why->add_option("--topic", options.topic, "The topic, without wildcards")
        ->required()
        ->type_name("TOPIC");
    why->add_option("--to", options.to, "Ask for one target only")->type_name("END");
    const auto core = add_core(*why, options.root, options.socket);
    why->add_option("--file", options.file,
                    "V1's group.json, a deployment manifest or definitions of the Greengrass API")
        ->type_name("FILE")
        ->excludes(core.root)
        ->excludes(core.socket);
    why->add_flag("--json", options.json, "Print one JSON object");
    return why;
}

constexpr char about_check[] =
    "Look at the subscriptions of a group before it is deployed: dead routes, loops, shadowed and\n"
    "over-broad subscriptions.\n"
    "Exit status: 0 no errors (warnings perhaps), 1 errors, 2 the file is no group.";

CLI::App* add_check(CLI::App& app, evergrass::cli::check_options& options) {
    auto* check = app.add_subcommand("check", about_check);
    check
        ->add_option("FILE", options.file,
                     "V1's group.json, a deployment manifest or definitions of the Greengrass API")
        ->required();
    check->add_flag("--json", options.json, "Print one JSON object");
    return check;
}

CLI::App* add_status(CLI::App& app, evergrass::cli::status_options& options) {
    auto* status = app.add_subcommand(
        "status", "Show what a running core does, and which messages it lost lately");
    add_core(*status, options.root, options.socket);
    status->add_flag("--subscriptions", options.subscriptions,
                     "Show each subscription and how many messages it has carried instead");
    status->add_flag("--json", options.json, "Print one JSON object");
    return status;
}

constexpr char about_link[] =
    "Show a running core's link to the cloud: connections, what waits, what was lost.\n"
    "Exit status: 0 connected, 1 not connected, 2 the core did not answer.";

CLI::App* add_link(CLI::App& app, evergrass::cli::link_options& options) {
    auto* link = app.add_subcommand("link", about_link);
    add_core(*link, options.root, options.socket);
    link->add_flag("--json", options.json, "Print one JSON object (with --watch: a line)");
    link->add_flag("--watch", options.watch, "Again each second, until Ctrl-C");
    return link;
}

CLI::App* add_functions(CLI::App& app, evergrass::cli::functions_options& options) {
    auto* functions = app.add_subcommand(
        "functions", "Show a running core's functions: state, invocations, errors, times, memory");
    add_core(*functions, options.root, options.socket);
    functions->add_flag("--json", options.json, "Print one JSON array");
    return functions;
}

constexpr char about_invoke[] =
    "Invoke a function of a running core and show its result and what it logged meanwhile.\n"
    "Exit status: 0 success, 1 the function answered with an error, 2 it was not invoked.";

CLI::App* add_invoke(CLI::App& app, evergrass::cli::invoke_options& options) {
    auto* invoke = app.add_subcommand("invoke", about_invoke);
    invoke->add_option("FUNCTION", options.function, "Its ARN, or its name when it is one")
        ->required();
    invoke
        ->add_option("--payload", options.payload,
                     "The event: text, @FILE, or - for standard input (default {})")
        ->type_name("TEXT");
    invoke->add_option("--client-context", options.client_context, "A JSON object")
        ->type_name("JSON");
    invoke->add_flag("--event", options.event, "Don't wait for the result");
    invoke->add_option("--timeout", options.timeout_seconds, "Seconds to wait for the result")
        ->type_name("N")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    add_core(*invoke, options.root, options.socket);
    invoke->add_flag("--json", options.json, "Print one JSON object");
    return invoke;
}

constexpr char about_dev[] =
    "Run the handler of a folder at a running core, show its log, and start it anew when a file\n"
    "changes, until Ctrl-C. It is a function of its own, NAME:dev, or, with --as, takes the place "
    "of\n"
    "a deployed one, with its subscriptions and settings, which comes back at the end.\n"
    "Exit status: 0 Ctrl-C, 2 it could not begin, or the core or the folder went.";

CLI::App* add_dev(CLI::App& app, evergrass::cli::dev_options& options) {
    auto* dev = app.add_subcommand("dev", about_dev);
    dev->add_option("PATH", options.directory, "The folder with its code")->required();
    dev->add_option("--handler", options.handler, "FILE.FUNCTION (default: the only one there is)")
        ->type_name("NAME");
    dev->add_option("--runtime", options.runtime,
                    "python3.8, nodejs12.x … (default: by the handler's file)")
        ->type_name("NAME");
    auto* as = dev->add_option("--as", options.as,
                               "The deployed function whose place it takes: ARN or name")
                   ->type_name("FUNCTION");
    dev->add_option("--name", options.name, "Its name (default: the folder's)")
        ->type_name("NAME")
        ->excludes(as);
    dev->add_flag("--pinned", options.pinned, "Long-lived: one worker, in order")->excludes(as);
    dev->add_option("--timeout", options.timeout_seconds,
                    "Seconds that an invocation may take (default 3, or the deployed one's)")
        ->type_name("N")
        ->check(CLI::Range(1, 86'400));
    dev->add_option("--invoke,--payload", options.payload,
                    "Invoke it with this event after each start: text, @FILE, or - for standard "
                    "input")
        ->type_name("TEXT");
    dev->add_option("--topic", options.topic, "Invoke it as a message of this topic does")
        ->type_name("TOPIC");
    add_core(*dev, options.root, options.socket);
    dev->add_flag("--json", options.json, "Write one JSON object a line");
    return dev;
}

// Which service a verb asks.
void add_service(CLI::App& verb, evergrass::cli::service_place& where) {
    verb.add_option("--data", where.data, "The service's folder (of `up --dir D`: D/service)")
        ->required()
        ->type_name("DIR");
    verb.add_flag("--json", where.json, "Print JSON");
}

CLI::App* add_keys(CLI::App& app, evergrass::cli::keys_options& options) {
    auto* keys = app.add_subcommand("keys", "Access keys of the service: who may call its APIs");
    keys->require_subcommand(1);
    auto* create = keys->add_subcommand("create", "Make a key; its secret is shown this once");
    create->add_option("--role", options.role, "admin, operator or read-only (docs/access.md)")
        ->check(CLI::IsMember({"admin", "operator", "read-only"}))
        ->capture_default_str();
    create->add_option("--name", options.name, "For people: whose it is");
    auto* list = keys->add_subcommand("list", "Show all keys, revoked ones too");
    auto* show = keys->add_subcommand("show", "Show one key");
    auto* rotate = keys->add_subcommand(
        "rotate", "Make another key of the same role; the old one counts for a while more");
    rotate->add_option("--grace", options.grace_seconds, "Seconds that the old one still counts")
        ->check(CLI::Range(0, 400 * 24 * 60 * 60))
        ->capture_default_str();
    auto* revoke = keys->add_subcommand("revoke", "Refuse a key from now on");
    for (auto* one : {show, rotate, revoke}) {
        one->add_option("ID", options.id, "The access key id")->required();
    }
    for (auto* one : {create, list, show, rotate, revoke}) {
        add_service(*one, options.where);
        one->callback([&options, one] { options.verb = one->get_name(); });
    }
    return keys;
}

CLI::App* add_audit(CLI::App& app, evergrass::cli::audit_options& options) {
    auto* audit = app.add_subcommand("audit", "Show who changed what at the service");
    audit
        ->add_option("--since", options.since,
                     "A time (2026-11-27T12:00:00Z) or how long ago (90s, 15m, 2h, 7d)")
        ->type_name("TIME");
    audit->add_option("--by", options.by, "An access key id, a session's ARN or local:UID");
    add_service(*audit, options.where);
    return audit;
}

CLI::App* add_backup(CLI::App& app, evergrass::cli::backup_options& options) {
    auto* backup = app.add_subcommand(
        "backup", "Write all that the running service has to a file, but for its master key");
    backup->add_option("FILE", options.file, "It must not be there")->required();
    add_service(*backup, options.where);
    return backup;
}

CLI::App* add_restore(CLI::App& app, evergrass::cli::restore_options& options) {
    auto* restore = app.add_subcommand(
        "restore",
        "Put a backup in the place of a stopped service's folder; what is there is kept");
    restore->add_option("FILE", options.file, "The backup")->required();
    restore
        ->add_option("--master-key", options.master_key,
                     "The key that seals its secrets (default: master.key of the folder)")
        ->type_name("FILE");
    restore->add_flag("--force", options.force, "Although there is a database in the folder");
    add_service(*restore, options.where);
    return restore;
}

struct secrets_verbs {
    CLI::App* all;
    CLI::App* put;
    CLI::App* list;
    CLI::App* remove;
};
secrets_verbs add_secrets(CLI::App& app, evergrass::cli::secrets_options& options) {
    auto* all = app.add_subcommand(
        "secrets", "The core's own store of secrets, for what no deployment brings. Works offline");
    all->require_subcommand(1);
    auto* put =
        all->add_subcommand("put", "Put a value: typed unseen, of standard input, or of --file");
    put->add_option("ARN", options.arn, "The one that the group's secret resource has")->required();
    put->add_option("--name", options.name, "Its name (default: the ARN's)")->type_name("NAME");
    put->add_option("--file", options.file, "The value's file; - is standard input")
        ->type_name("FILE");
    put->add_flag("--binary", options.binary, "The value is bytes, not text");
    auto* list = all->add_subcommand("list", "Names, ARNs and labels; never a value");
    auto* remove = all->add_subcommand("delete", "Delete a secret with all its versions");
    remove->add_option("SECRET", options.arn, "Its ARN or name")->required();
    for (auto* verb : {put, list, remove}) {
        verb->add_option("--root", options.root, "The core's folder")
            ->type_name("DIR")
            ->capture_default_str();
        verb->add_flag("--json", options.json, "Print JSON");
    }
    return {all, put, list, remove};
}

constexpr char about_shadow[] =
    "The shadows that a running core keeps of its things.\n"
    "Exit status: 0 done, 1 refused (there is none, a conflict ...), 2 the core did not answer.";

struct shadow_verbs {
    CLI::App* all;
    CLI::App* get;
    CLI::App* update;
    CLI::App* remove;
    CLI::App* watch;
    CLI::App* list;
};

shadow_verbs add_shadow(CLI::App& app, evergrass::cli::shadow_options& options) {
    auto* all = app.add_subcommand("shadow", about_shadow);
    all->require_subcommand(1);
    const auto verb = [&](const char* name, const char* about, bool of_thing) {
        auto* made = all->add_subcommand(name, about);
        if (of_thing) {
            made->add_option("THING", options.thing, "The thing's name")->required();
            made->add_option("--name", options.name, "Its named shadow, not the classic one")
                ->type_name("NAME");
        }
        add_core(*made, options.root, options.socket);
        made->add_flag("--json", options.json, "Print one JSON value a line");
        return made;
    };
    auto* get = verb("get", "Print the document", true);
    auto* update =
        verb("update", "Change the document: members are merged, null removes one", true);
    update->add_option("--desired", options.desired, "A JSON object, @FILE or - (standard input)")
        ->type_name("JSON");
    update->add_option("--reported", options.reported, "Likewise")->type_name("JSON");
    update->add_option("--payload", options.payload, "The whole request, {\"state\": ...}")
        ->type_name("JSON")
        ->excludes("--desired")
        ->excludes("--reported");
    auto* remove = verb("delete", "Remove the document", true);
    auto* watch = verb("watch", "Print the document each time that it changes, until Ctrl-C", true);
    auto* list = verb("list", "Print which shadows there are", false);
    return {all, get, update, remove, watch, list};
}

}  // namespace

int main(int argc, char** argv) {
    namespace cli = evergrass::cli;
    CLI::App app{about};
    app.set_version_flag("--version", "evergrass " EVERGRASS_VERSION);
    app.require_subcommand(1);
    cli::verbs verbs;
    up_options up;
    verbs.push_back({add_up(app, up), [&] { return cli::run_up(up); }});
    cli::why_options why;
    verbs.push_back({add_why(app, why), [&] { return cli::run_why(why); }, true});
    cli::add_doctor(app, verbs);
    cli::check_options check;
    verbs.push_back({add_check(app, check), [&] { return cli::run_check(check); }, true});
    cli::status_options status;
    verbs.push_back({add_status(app, status), [&] { return cli::run_status(status); }, true});
    cli::link_options link;
    verbs.push_back({add_link(app, link), [&] { return cli::run_link(link); }, true});
    cli::functions_options functions;
    verbs.push_back(
        {add_functions(app, functions), [&] { return cli::run_functions(functions); }, true});
    cli::invoke_options invoke;
    verbs.push_back({add_invoke(app, invoke), [&] { return cli::run_invoke(invoke); }, true});
    cli::dev_options dev;
    verbs.push_back({add_dev(app, dev), [&] { return cli::run_dev(dev); }, true});
    cli::keys_options keys;
    verbs.push_back({add_keys(app, keys), [&] { return cli::run_keys(keys); }});
    cli::audit_options audit;
    verbs.push_back({add_audit(app, audit), [&] { return cli::run_audit(audit); }});
    cli::backup_options backup;
    verbs.push_back({add_backup(app, backup), [&] { return cli::run_backup(backup); }});
    cli::restore_options restore;
    verbs.push_back({add_restore(app, restore), [&] { return cli::run_restore(restore); }});
    cli::secrets_options secrets;
    const auto [all_secrets, put, list, remove] = add_secrets(app, secrets);
    verbs.push_back({put, [&] { return cli::run_secrets_put(secrets); }, true});
    verbs.push_back({list, [&] { return cli::run_secrets_list(secrets); }, true});
    verbs.push_back({remove, [&] { return cli::run_secrets_delete(secrets); }, true});
    cli::shadow_options shadow;
    const auto of_shadows = add_shadow(app, shadow);
    verbs.push_back({of_shadows.get, [&] { return cli::run_shadow_get(shadow); }, true});
    verbs.push_back({of_shadows.update, [&] { return cli::run_shadow_update(shadow); }, true});
    verbs.push_back({of_shadows.remove, [&] { return cli::run_shadow_delete(shadow); }, true});
    verbs.push_back({of_shadows.watch, [&] { return cli::run_shadow_watch(shadow); }, true});
    verbs.push_back({of_shadows.list, [&] { return cli::run_shadow_list(shadow); }, true});
    cli::add_provision(app, verbs);
    cli::add_device_verbs(app, verbs);
    cli::add_group(app, verbs);
    cli::add_deploy(app, verbs);
    cli::add_bundle(app, verbs);
    cli::add_adopt(app, verbs);
    cli::add_device_bundle(app, verbs);
    const auto asked = [&](const cli::verb& verb) { return verb.asked->parsed(); };
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        const int code = app.exit(e);
        const bool answers = std::any_of(verbs.begin(), verbs.end(), [&](const cli::verb& verb) {
            const auto* group = verb.asked->get_parent();
            return verb.one_is_an_answer && (asked(verb) || (group != &app && group->parsed()));
        });
        return code != 0 && answers ? 2 : code;
    }
    try {
        return std::find_if(verbs.begin(), verbs.end(), asked)->run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evergrass: unexpected: %s\n", e.what());
        return 1;
    }
}
