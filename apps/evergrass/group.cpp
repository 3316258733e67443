#include "apps/evergrass/group.hpp"

#include "apps/evergrass/api_place.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/group_apply.hpp"
#include "apps/evergrass/group_export.hpp"
#include "apps/evergrass/group_import.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

struct file_options {
    api_place where;
    std::filesystem::path file;
    apply_options apply;
    bool no_deploy = false;
    bool json = false;
};

bool is_colourful() {
    return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

json::object plan_json(const group_plan& plan) {
    json::array changes;
    for (const auto& each : plan.changes) {
        changes.emplace_back(group_file::to_json(each));
    }
    json::array unknown;
    for (const auto& each : plan.secret_changes) {
        if (each.unknown) {
            unknown.emplace_back(json::object{{"resource", each.of.id},
                                              {"secret", each.of.name_or_arn()},
                                              {"valueFrom", group_file::to_text(*each.of.value)}});
        }
    }
    return {{"group", plan.current ? json::value(plan.current->id) : json::value()},
            {"changes", std::move(changes)},
            {"unknownValues", std::move(unknown)},
            {"deploys", plan.deploys}};
}

void show(const group_plan& plan) {
    for (const auto& each : plan.changes) {
        std::cout << group_file::to_lines(each, is_colourful());
    }
    if (!plan.why_deploys.empty()) {
        std::cout << "~ deployment\n    " << plan.why_deploys << "\n";
    }
}

asio::awaitable<int> plan_file(api_client& api, file_options options) {
    auto wanted = read_wanted(options.file);
    if (!wanted) {
        co_return say_failure(wanted.error());
    }
    group_applier applier(api, [](const std::string&) {});
    auto plan = co_await applier.plan(std::move(*wanted), options.apply);
    if (!plan) {
        co_return say_failure(plan.error());
    }
    if (options.json) {
        std::cout << json::serialize(plan_json(*plan)) << "\n";
    } else if (plan->nothing_to_do()) {
        std::cout << "Nothing to do.\n";
    } else {
        show(*plan);
    }
    co_return plan->nothing_to_do() ? 0 : 1;
}

asio::awaitable<int> apply_file(api_client& api, file_options options) {
    auto wanted = read_wanted(options.file);
    if (!wanted) {
        co_return say_failure(wanted.error());
    }
    group_applier applier(api, [json = options.json](const std::string& line) {
        std::cout << (json ? json::serialize(json::object{{"event", "step"}, {"text", line}})
                           : "  " + line)
                  << std::endl;
    });
    auto plan = co_await applier.plan(*wanted, options.apply);
    if (!plan) {
        co_return say_failure(plan.error());
    }
    if (options.json) {
        auto told = plan_json(*plan);
        told["event"] = "plan";
        std::cout << json::serialize(told) << std::endl;
    } else if (plan->nothing_to_do()) {
        std::cout << "Nothing to do.\n";
    } else {
        show(*plan);
    }
    if (plan->nothing_to_do()) {
        co_return 0;
    }
    if (!wanted->group.contains("core") && options.apply.deploy) {
        std::cerr << "evergrass: the group has no core yet: it is not deployed\n";
    }
    auto done = co_await applier.apply(std::move(*wanted), std::move(*plan), options.apply);
    if (!done) {
        co_return say_failure(done.error());
    }
    if (options.json) {
        std::cout << json::serialize(json::object{{"event", "end"}, {"deploymentId", *done}})
                  << "\n";
    } else if (!done->empty() && !options.apply.wait) {
        std::cout << "Done. The core takes the deployment when it is up and reaches the service; "
                     "--wait waits for that.\n";
    } else {
        std::cout << "Done.\n";
    }
    co_return 0;
}

CLI::App* add_file_verb(CLI::App& group, const char* name, const char* about,
                        const std::shared_ptr<file_options>& options) {
    auto* made = group.add_subcommand(name, about);
    made->add_option("FILE", options->file, "The group file")->required();
    made->add_flag("--prune", options->apply.prune,
                   "Also remove things, certificates and functions that the group has and the file "
                   "no longer names, unless another group has them");
    made->add_flag("--no-deploy", options->no_deploy, "Change the group, and don't deploy it");
    made->add_flag("--json", options->json, "Print JSON");
    add_api_place(*made, options->where);
    return made;
}

}  // namespace

void add_group(CLI::App& app, verbs& all) {
    auto* group = app.add_subcommand(
        "group",
        "A whole group as one file: out of the service, compared, into it.\n"
        "Exit status: 0 done, or nothing to do; 1 (plan) there is something to do; 2 it failed.");
    group->require_subcommand(1);
    add_group_export(*group, all);
    auto planned = std::make_shared<file_options>();
    auto* plan =
        add_file_verb(*group, "plan", "Say what apply would change, and change nothing", planned);
    all.push_back({plan,
                   [planned] {
                       planned->apply.deploy = !planned->no_deploy;
                       return run_with_api(planned->where, [planned](api_client& api) {
                           return plan_file(api, *planned);
                       });
                   },
                   true});
    auto applied = std::make_shared<file_options>();
    auto* apply =
        add_file_verb(*group, "apply", "Make the group what the file says, and deploy it", applied);
    apply->add_flag("--wait", applied->apply.wait, "Until the core has it, or refused it");
    apply
        ->add_option("--certificates", applied->apply.certificates,
                     "Where keys and certificates of new things go (default: certificates, beside "
                     "FILE)")
        ->type_name("DIR");
    all.push_back({apply,
                   [applied] {
                       applied->apply.deploy = !applied->no_deploy;
                       if (applied->apply.certificates.empty()) {
                           applied->apply.certificates =
                               applied->file.parent_path() / "certificates";
                       }
                       return run_with_api(applied->where, [applied](api_client& api) {
                           return apply_file(api, *applied);
                       });
                   },
                   true});
    add_group_import(*group, all);
}

}  // namespace evergrass::cli
