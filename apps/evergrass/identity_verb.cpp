#include "apps/evergrass/identity_verb.hpp"

#include "apps/evergrass/at_service.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/identity_undo.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// NAME-policy must be a policy's name too, of 128 characters at most (spec/cloud.md §4.1).
constexpr std::size_t longest_name = 120;

std::string check_name(const std::string& name) {
    constexpr const char* letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const bool fits = !name.empty() && name.size() <= longest_name && name.front() != '-' &&
                      name.find_first_not_of(letters) == std::string::npos;
    return fits ? "" : "'" + name + "' is no name of 1 to 120 letters, digits, _ and -";
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

// The thing's ARN says region and account; nobody else has to.
std::string fill_in(std::string policy, const std::string& thing_arn, const std::string& name) {
    // arn:aws:iot:REGION:ACCOUNT:thing/NAME
    replace_all(policy, "{IOT}", thing_arn.substr(0, thing_arn.rfind(":thing/") + 1));
    replace_all(policy, "{NAME}", name);
    return policy;
}

result<std::string> read_csr_file(const std::filesystem::path& path) {
    if (path.empty()) {
        return std::string();
    }
    auto pem = read_file(path);
    if (!pem) {
        return pem.error();
    }
    if (const auto csr = pki::read_csr(*pem); !csr) {
        return with_context(csr.error(), path.string() + " is no certificate signing request");
    }
    return pem;
}

result<void> check_free(const std::filesystem::path& bundle, bool force) {
    std::error_code ignored;
    if (!force && std::filesystem::exists(bundle, ignored)) {
        return error{errc::conflict, "There is a file " + bundle.string() +
                                         " already. Give another one with --out, or --force"};
    }
    const auto folder = bundle.parent_path();
    if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
        return error{errc::not_found, "There is no folder " + folder.string() + " for --out"};
    }
    return {};
}

service_account place_of(const identity_options& options, const identity_record& record) {
    auto at = options.at;
    if (at.endpoint.empty() && at.directory.empty()) {
        at.endpoint = record.api;
    }
    if (at.region.empty() && at.directory.empty()) {
        at.region = record.region;
    }
    return at;
}

void say_json(const json::object& line) {
    std::cout << json::serialize(line) << std::endl;
}

int failed(progress& shown, const error& why) {
    shown.fail(failure_text(why));
    return 1;
}

// What a run has in hand, for its coroutines; outlives them.
struct identity_run {
    const identity_options& options;
    const identity_work& work;
    const api_client_options& service;
    std::string csr;
    std::string policy;
    std::filesystem::path record_file;
    identity_record record;
    progress& shown;
};

asio::awaitable<result<void>> make_all(api_client& api, identity_run& run) {
    const auto& options = run.options;
    auto& shown = run.shown;
    auto& record = run.record;
    const auto bundle = bundle_path(options);
    if (auto possible = co_await run.work.check(api); !possible) {
        co_return possible;
    }
    identity_maker maker(api, record, run.record_file, shown);
    identity_wish wanted;
    wanted.name = options.name;
    wanted.csr_pem = run.csr;
    wanted.use_existing = options.force;
    wanted.policy = [&run](const std::string& thing_arn) {
        return fill_in(run.policy, thing_arn, run.options.name);
    };
    auto made = co_await maker.make(std::move(wanted));
    if (!made) {
        co_return made.error();
    }
    auto endpoints = co_await ask_endpoints(api);
    if (!endpoints) {
        co_return endpoints.error();
    }
    identity_site site{api,   run.service.ca_pem, std::move(*endpoints),
                       maker, std::move(*made),   shown};
    auto files = co_await run.work.finish(std::move(site));
    if (!files) {
        co_return files.error();
    }
    shown.begin("bundle", "writing the bundle");
    const auto packed = make_tar_gz(files->files);
    if (!packed) {
        co_return packed.error();
    }
    if (auto written = write_file_atomically(bundle, *packed, 0600); !written) {
        co_return written;
    }
    record.bundle = bundle.string();
    record.complete = true;
    if (auto saved = maker.save(); !saved) {
        co_return saved;
    }
    shown.done(bundle.string());
    if (options.json) {
        auto line = std::move(files->said);
        line["event"] = "made";
        line["name"] = options.name;
        line["bundle"] = bundle.string();
        line["record"] = run.record_file.string();
        say_json(line);
    } else {
        std::cout << "\n";
        for (const auto& each : files->next_steps) {
            std::cout << each << "\n";
        }
    }
    co_return result<void>();
}

// What an interrupted run made is unmade, and it begins anew.
asio::awaitable<result<void>> make_anew(api_client& api, identity_run& run) {
    if (!run.record.made.empty()) {
        if (auto same = co_await check_is_of(api, run.record, run.service.url); !same) {
            co_return same;
        }
        run.shown.note("An earlier run was interrupted: what it made is undone first.");
        if (auto undone = co_await undo(api, run.record, run.record_file, run.shown); !undone) {
            co_return undone;
        }
    }
    run.record = {};
    run.record.purpose = run.work.purpose;
    run.record.name = run.options.name;
    run.record.api = run.service.url;
    run.record.region = run.service.region;
    co_return co_await make_all(api, run);
}

asio::awaitable<result<void>> unmake(api_client& api, identity_record& record,
                                     std::filesystem::path record_file, std::string url,
                                     progress& shown) {
    if (auto same = co_await check_is_of(api, record, url); !same) {
        co_return same;
    }
    record.api = std::move(url);
    co_return co_await undo(api, record, std::move(record_file), shown);
}

bool confirmed(const identity_options& options) {
    if (options.yes) {
        return true;
    }
    if (::isatty(STDIN_FILENO) != 1 || options.json) {
        std::cerr << "evergrass: nothing was done: give --yes to do it\n";
        return false;
    }
    std::cout << "Do that? Type yes: " << std::flush;
    std::string said;
    std::getline(std::cin, said);
    if (said != "yes") {
        std::cerr << "evergrass: nothing was done\n";
        return false;
    }
    return true;
}

void show_plan(const identity_options& options, const identity_record& record,
               const std::string& url) {
    const auto plan = undo_plan(record);
    if (options.json) {
        json::array steps(plan.begin(), plan.end());
        say_json({{"event", "plan"}, {"api", url}, {"steps", std::move(steps)}});
        return;
    }
    std::cout << "At " << url << " this will\n";
    for (const auto& line : plan) {
        std::cout << "  " << line << "\n";
    }
    std::cout << std::flush;
}

}  // namespace

std::filesystem::path bundle_path(const identity_options& options) {
    return options.out.empty() ? std::filesystem::path(options.name + ".tar.gz") : options.out;
}

void add_identity_options(CLI::App& verb, identity_options& options, bool makes) {
    verb.add_option("NAME", options.name, "The thing's name")
        ->required()
        ->check(CLI::Validator(check_name, ""));
    add_service_options(verb, options.at);
    verb.add_option("--out", options.out, "The bundle (default NAME.tar.gz)")->type_name("FILE");
    if (makes) {
        verb.add_option("--csr", options.csr,
                        "A certificate signing request (PEM): the key stays where it is")
            ->type_name("FILE");
        verb.add_option("--policy", options.policy, "The policy's document, not the usual one")
            ->type_name("FILE");
        verb.add_flag("--force", options.force,
                      "Write over the bundle; take a thing and a policy that are there already");
    }
    verb.add_flag("--yes", options.yes, "Undo without asking");
    verb.add_flag("--json", options.json, "Write one JSON object a line");
}

int run_identity(const identity_options& options, const identity_work& work) {
    progress shown(options.json);
    const auto bundle = bundle_path(options);
    const auto record_file = record_path(bundle);
    auto old = load_identity_record(record_file);
    if (!old) {
        return failed(shown, old.error());
    }
    if (*old && (*old)->complete) {
        return failed(shown, {errc::conflict, record_file.string() + " says that " + (*old)->name +
                                                  " was made already. Undo that first, or give "
                                                  "another --out"});
    }
    const auto csr = read_csr_file(options.csr);
    if (!csr) {
        return failed(shown, csr.error());
    }
    const auto policy =
        options.policy.empty() ? result<std::string>(work.policy) : read_file(options.policy);
    if (!policy) {
        return failed(shown, policy.error());
    }
    if (auto is_free = check_free(bundle, options.force); !is_free) {
        return failed(shown, is_free.error());
    }
    const auto service =
        find_service(options.at, [](const char* name) { return std::getenv(name); });
    if (!service) {
        return failed(shown, service.error());
    }
    shown.title("makes the " + work.purpose + " " + options.name + " at " + service->url);
    identity_run run{
        options, work, *service, *csr, *policy, record_file, old->value_or(identity_record{}),
        shown};
    const auto done =
        run_at_service(*service, [&run](api_client& api) { return make_anew(api, run); });
    if (!done) {
        if (!run.record.made.empty()) {
            shown.note("What was made so far is in " + record_file.string() +
                       ": the same command begins anew, --undo removes it.");
        }
        return failed(shown, done.error());
    }
    return 0;
}

int run_undo(const identity_options& options, const std::string& purpose) {
    progress shown(options.json);
    const auto bundle = bundle_path(options);
    const auto record_file = record_path(bundle);
    auto record = load_identity_record(record_file);
    if (!record) {
        return failed(shown, record.error());
    }
    if (!*record) {
        return failed(shown, {errc::not_found,
                              "There is no " + record_file.string() +
                                  ", which says what was made. Give with --out where its bundle "
                                  "was written"});
    }
    auto& known = **record;
    if (known.name != options.name || known.purpose != purpose) {
        return failed(shown, {errc::conflict, record_file.string() + " is of the " + known.purpose +
                                                  " " + known.name + ", not of the " + purpose +
                                                  " " + options.name});
    }
    const auto at = place_of(options, known);
    const auto service = find_service(at, [](const char* name) { return std::getenv(name); });
    if (!service) {
        return failed(shown, service.error());
    }
    show_plan(options, known, service->url);
    if (!confirmed(options)) {
        return 1;
    }
    const auto written = known.bundle;
    const auto done = run_at_service(*service, [&](api_client& api) {
        return unmake(api, known, record_file, service->url, shown);
    });
    if (!done) {
        return failed(shown, done.error());
    }
    if (options.json) {
        say_json({{"event", "undone"}, {"name", options.name}});
    } else if (!written.empty()) {
        std::cout << "\n" << written << " is of no more use; remove it, and what was unpacked.\n";
    }
    return 0;
}

}  // namespace evergrass::cli
