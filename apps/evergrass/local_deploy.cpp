#include "apps/evergrass/local_deploy.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/group_manifest.hpp"
#include "apps/evergrass/group_secrets.hpp"
#include "apps/evergrass/secret_input.hpp"
#include "contract/bundle.hpp"
#include "edge/config/config.hpp"
#include "edge/secrets/file_secret_store.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/pki.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

// Functions have their own limits for coming up; this is for a core that no longer answers.
constexpr std::chrono::seconds answer_limit{900};

struct deploy_options {
    fs::path file;
    fs::path root = "/greengrass";
    std::optional<fs::path> socket;
    fs::path group_ca;
    bool undo = false;
    bool json = false;
};

// The core is asked so often for the steps of what it does.
constexpr std::chrono::milliseconds poll_interval{100};

void tell(const deploy_options& options, const std::string& step) {
    std::cout << (options.json ? json::serialize(json::object{{"event", "step"}, {"text", step}})
                               : "  " + step)
              << std::endl;
}

bool is_bundle(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string first(16, '\0');
    in.read(first.data(), static_cast<std::streamsize>(first.size()));
    return in && first == "evergrass-bundle";
}

// Removes the bundle that was made for one deployment.
struct temporary_file {
    fs::path path;
    explicit temporary_file(fs::path where) : path(std::move(where)) {}
    ~temporary_file() {
        std::error_code ignored;
        fs::remove(path, ignored);
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
};

// Values that the file brings, and the ARNs of those that the core has in a store of its own.
result<void> add_secrets(const wanted_group& wanted, const edge::core_config& config,
                         deployment_frame& frame) {
    const auto wanted_secrets = secrets_of(wanted.group);
    if (wanted_secrets.empty()) {
        return {};
    }
    protect_values("evergrass deploy");
    edge::file_secret_store own(config.write_directory / "var/state/secrets");
    for (const auto& fault : own.load()) {
        std::fprintf(stderr, "evergrass: left out: %s\n", failure_text(fault).c_str());
    }
    for (const auto& each : wanted_secrets) {
        const auto* known = own.find(each.name_or_arn());
        if (each.value) {
            auto value = read_value(each, wanted.file.parent_path());
            if (!value) {
                return value.error();
            }
            auto arn = each.arn.empty() ? arn_of_name(frame.whose, each.name) : each.arn;
            frame.secret_arns[each.id] = arn;
            frame.secrets.push_back(as_secret(each, std::move(arn), std::move(*value), frame.now));
        } else if (known != nullptr) {
            frame.secret_arns[each.id] = known->arn;
        } else {
            return error{errc::not_found,
                         "resource '" + each.id +
                             "': neither the file nor this core's own store "
                             "has the secret '" +
                             each.name_or_arn() +
                             "': say where its value is (valueFrom: env:NAME, file:PATH or "
                             "prompt), or put it there (evergrass secrets put ARN --root " +
                             config.root.string() + ")"};
        }
    }
    return {};
}

std::string counted(std::size_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

// The group as this core's own, told by its config.json.
result<file_deployment> deployment_for(const deploy_options& options) {
    auto wanted = read_wanted(options.file);
    if (!wanted) {
        return wanted.error();
    }
    const auto config = edge::load_config(options.root);
    if (!config) {
        return with_context(config.error(), "the core's configuration");
    }
    auto& group = wanted->group;
    if (!group.contains("core")) {
        group["core"] = json::object{{"thing", config->thing_name}};
    }
    const auto thing = string_member(group["core"].get_object(), "thing").value_or("");
    if (thing != config->thing_name) {
        return error{errc::conflict, options.file.string() + ": the group's core is '" + thing +
                                         "', the one below " + options.root.string() + " is '" +
                                         config->thing_name + "'"};
    }
    deployment_frame frame;
    frame.whose = {"aws", config->region, config->account};
    frame.group_id = contract::owner_group_id;
    frame.now = std::chrono::system_clock::now();
    auto certificates = certificates_beside(*wanted);
    if (!certificates) {
        return certificates.error();
    }
    frame.certificates = std::move(*certificates);
    const auto pem = read_file(config->certificate_path, 1024 * 1024);
    if (!pem) {
        return with_context(pem.error(), "the core's certificate");
    }
    const auto certificate = pki::read_certificate(*pem);
    if (!certificate) {
        return with_context(certificate.error(), config->certificate_path.string());
    }
    frame.certificates[thing] = certificate->id;
    frame.core_certificate = *pem;
    if (auto added = add_secrets(*wanted, *config, frame); !added) {
        return added.error();
    }
    auto made = make_deployment(*wanted, frame);
    if (made) {
        std::size_t bytes = 0;
        for (const auto& artifact : made->artifacts) {
            bytes += artifact.second.size();
        }
        tell(options, "read " + options.file.string() + ": " +
                          counted(made->manifest.functions.size(), "function") + ", " +
                          counted(wanted->models.size(), "model") + ", " +
                          counted(frame.secrets.size(), "secret") + " sealed for the core, " +
                          std::to_string(bytes / 1024) + " KiB");
    }
    return made;
}

// A core that doesn't run as root has to read what root wrote. Who isn't root is the core's user.
void give_to_core(const fs::path& file, const fs::path& socket) {
    struct stat core {};
    if (::geteuid() == 0 && ::stat(socket.c_str(), &core) == 0 &&
        ::chown(file.c_str(), core.st_uid, core.st_gid) != 0) {
        std::fprintf(stderr, "evergrass: cannot give %s to the core's user\n", file.c_str());
    }
}

int show(const json::object& answer, const deploy_options& options) {
    const bool well = string_member(answer, "status") == "Success";
    if (!options.group_ca.empty()) {
        std::string pem;
        if (const auto* list = array_member(answer, "groupCas")) {
            for (const auto& each : *list) {
                pem += each.is_string() ? std::string(each.get_string()) : "";
            }
        }
        if (auto written = write_file_atomically(options.group_ca, pem); !written) {
            return say_failure(written.error());
        }
    }
    if (options.json) {
        json::object line{{"event", "end"}};
        for (const auto& member : answer) {
            line[member.key()] = member.value();
        }
        std::cout << json::serialize(line) << "\n";
        return well ? 0 : 1;
    }
    const auto id = string_member(answer, "deploymentId").value_or("");
    const auto group = string_member(answer, "group").value_or("");
    if (bool_member(answer, "unchanged").value_or(false)) {
        std::cout << "Nothing to do: the core runs this deployment of " << group << " already.\n";
        return 0;
    }
    if (well) {
        std::cout << "The core runs deployment " << id << " of " << group
                  << (options.undo ? " again. The same once more goes forward.\n" : ".\n");
        return 0;
    }
    std::fprintf(stderr,
                 "evergrass: the deployment failed, and the core runs what it ran before: %s\n",
                 string_member(answer, "errorMessage").value_or("").c_str());
    return 1;
}

// Which functions a deployment waits for, once it has come to them.
class function_watch {
public:
    explicit function_watch(fs::path socket) : socket_(std::move(socket)) {}

    void tell_new(const deploy_options& options) {
        const auto status = ask_core(socket_, "/status");
        const auto* functions = status ? array_member(*status, "functions") : nullptr;
        for (const auto& each : functions != nullptr ? *functions : json::array()) {
            const auto* function = each.if_object();
            const auto arn = parse_function_arn(
                function != nullptr ? string_member(*function, "arn").value_or("") : "");
            if (!arn) {
                continue;
            }
            const auto state = string_member(*function, "state").value_or("");
            if (state == "Starting" && waited_for_.insert(arn->name).second) {
                tell(options, "waiting for the function " + arn->name);
            } else if (state != "Starting" && waited_for_.erase(arn->name) != 0) {
                tell(options, "the function " + arn->name + ": " + state);
            }
        }
    }

private:
    fs::path socket_;
    std::set<std::string> waited_for_;
};

// Waits for the answer, and tells the steps meanwhile as the core begins them.
result<json::object> order_deployment(const fs::path& socket, json::object order,
                                      const deploy_options& options) {
    const auto token = uuid_v4();
    order["token"] = token;
    auto answer = std::async(std::launch::async,
                             [&] { return ask_core(socket, "/deploy", order, answer_limit); });
    std::size_t told = 0;
    bool changes_over = false;
    function_watch functions(socket);
    const auto tell_new = [&] {
        const auto asked = ask_core(socket, "/deploy");  // an older core has no answer to this
        const auto* steps = asked ? array_member(*asked, "steps") : nullptr;
        if (steps == nullptr || string_member(*asked, "token") != token) {
            return;
        }
        for (; told < steps->size(); ++told) {
            const auto* step = (*steps)[told].if_object();
            const auto text =
                step != nullptr ? string_member(*step, "text").value_or("") : std::string();
            tell(options, text);
            changes_over = text.starts_with("changing over");
        }
        if (changes_over) {
            functions.tell_new(options);
        }
    };
    while (answer.wait_for(poll_interval) != std::future_status::ready) {
        tell_new();
    }
    tell_new();
    return answer.get();
}

int run_deploy(const deploy_options& options) {
    const auto socket = options.socket.value_or(socket_of_root(options.root));
    if (options.undo != options.file.empty()) {
        return say_failure({errc::invalid_input,
                            options.undo ? "--undo brings back what ran before: leave FILE out"
                                         : "Say which FILE to deploy, or --undo"});
    }
    // Before anybody is asked for a secret.
    if (const auto up = ask_core(socket, "/status"); !up) {
        return say_failure(up.error());
    }
    json::object order{{"unsigned", false}};
    std::error_code code;
    std::optional<temporary_file> made_here;
    if (options.undo) {
        order = {{"undo", true}};
    } else if (is_bundle(options.file)) {
        order["bundle"] = fs::absolute(options.file, code).string();
    } else {
        auto made = deployment_for(options);
        if (!made) {
            return say_failure(made.error());
        }
        const contract::signed_manifest by_nobody{contract::to_json_text(made->manifest),
                                                  std::string(64, '\0'),
                                                  std::string(contract::unsigned_key_id)};
        // Where the core can read it and functions in jails don't look.
        made_here.emplace(socket.parent_path() / (".deploy-" + uuid_v4()));
        if (auto written =
                write_file_atomically(made_here->path, bundle_text(*made, by_nobody), 0600);
            !written) {
            return say_failure(with_context(
                written.error(), "is the core running below " + options.root.string() + "?"));
        }
        give_to_core(made_here->path, socket);
        order["bundle"] = fs::absolute(made_here->path, code).string();
        order["unsigned"] = true;
    }
    const auto answer = order_deployment(socket, std::move(order), options);
    return answer ? show(*answer, options) : say_failure(answer.error());
}

}  // namespace

void add_deploy(CLI::App& app, verbs& all) {
    auto options = std::make_shared<deploy_options>();
    auto* made = app.add_subcommand(
        "deploy",
        "Deploy a group file or a bundle to the core of this machine, without a service, or bring "
        "back what ran before.\n"
        "Exit status: 0 it runs; 1 it failed and the core went back; 2 it was refused.");
    made->add_option("FILE", options->file, "The group file, or what evergrass bundle wrote");
    made->add_flag("--undo", options->undo,
                   "Bring back the deployment that ran before, whoever deployed it");
    made->add_option("--core,--root", options->root, "The core's folder")
        ->type_name("DIR")
        ->capture_default_str();
    made->add_option("--socket", options->socket, "The core's socket, instead of that of --core")
        ->type_name("PATH");
    made->add_option("--group-ca", options->group_ca,
                     "Write here what devices of the group trust, PEM")
        ->type_name("FILE");
    made->add_flag("--json", options->json, "Print JSON, one object a line");
    all.push_back({made, [options] { return run_deploy(*options); }, true});
}

}  // namespace evergrass::cli
