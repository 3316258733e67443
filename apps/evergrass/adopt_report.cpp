#include "apps/evergrass/adopt_report.hpp"

#include <set>

namespace evergrass::cli {
namespace {

std::string counted(std::size_t n, const std::string& what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& one : all) {
        out += (out.empty() ? "" : ", ") + one;
    }
    return out;
}

std::string found_text(const v1::old_core& core) {
    auto text = "Found in " + core.places.root.string() + "\n";
    if (!core.versions.empty()) {
        text += "  Greengrass V1 " + joined(core.versions) + "\n";
    }
    if (core.config && core.config->configured) {
        text += "  core " + core.config->thing_name + ", account " + core.config->account + ", " +
                core.config->region + " (" + core.config_path.string() + ")\n";
    }
    if (!core.certificate_id.empty()) {
        text += "  its certificate " + core.certificate_id + "\n";
    }
    if (core.group) {
        const auto& g = *core.group;
        text += "  group " + g.group_id + ", version " + g.version_id + " (" +
                core.group_path.string() + ")\n    " + counted(g.devices.size(), "device") + ", " +
                counted(g.functions.size(), "function") + " (code of " +
                std::to_string(core.code.size()) + "), " +
                counted(g.subscriptions.size(), "subscription") + ", " +
                counted(g.resources.size(), "resource") + ", " +
                counted(g.loggers.size(), "logger") + ", " +
                counted(g.connectors.size(), "connector") + "\n";
    } else {
        text += core.was_reset ? "  a core that was reset: nothing is deployed\n"
                               : "  no group.json that holds a group\n";
    }
    if (!core.leftovers.empty()) {
        text += "  not of the group, left where it is: " + joined(core.leftovers) + "\n";
    }
    if (!core.models.empty()) {
        text += "  " + counted(core.models.size(), "unpacked model") + "\n";
    }
    if (!core.streams.empty()) {
        text += "  " + counted(core.streams.size(), "stream") + " in " +
                core.stream_store.string() + "\n";
    }
    if (!core.shadows.empty()) {
        text += "  " + counted(core.shadows.size(), "local shadow") + "\n";
    }
    return text;
}

std::size_t length(const json::object& request, std::string_view list) {
    const auto* all = array_member(request, list);
    return all != nullptr ? all->size() : 0;
}

std::string plan_text(const v1::import_plan& plan) {
    auto text =
        "To be made at the service, with the ids, ARNs and versions that they have\n  group '" +
        plan.group_name + "' " + plan.group_id + "\n  " +
        counted(length(plan.request, "things"), "thing") + ", " +
        counted(length(plan.request, "certificates"), "certificate") + ", " +
        counted(length(plan.request, "functions"), "version") + " of functions, " +
        counted(length(plan.request, "definitions"), "definition") + ", " +
        counted(length(plan.request, "secrets"), "secret") + "\n";
    for (const auto& m : plan.models) {
        text += "  model of resource " + m.resource_id + ": s3://" + m.bucket + "/" + m.key +
                ", from " + m.source.string() + "\n";
    }
    for (const auto* origin : {"made up", "guessed"}) {
        std::size_t n = 0;
        for (const auto& v : plan.found.values) {
            const auto how = std::string_view(origin) == "made up" ? v1::origin::synthesised
                                                                   : v1::origin::guessed;
            n += v.how == how ? 1 : 0;
        }
        if (n > 0) {
            text +=
                "  " + std::string(origin) + ": " + counted(n, "value") + " (--json lists them)\n";
        }
    }
    if (!plan.unknown.empty()) {
        text += "Cannot be known\n";
        for (const auto& one : plan.unknown) {
            text += "  - " + one + "\n";
        }
    }
    return text;
}

std::string problems_text(const std::vector<v1::problem>& problems) {
    std::string text;
    for (const auto& p : problems) {
        if (p.how_bad != v1::severity::note) {
            text += "  " + std::string(v1::to_string(p.how_bad)) + ": " + p.where + ": " + p.text +
                    "\n";
        }
    }
    return text.empty() ? text : "To be looked at\n" + text;
}

json::array texts(const std::vector<std::string>& all) {
    json::array out;
    for (const auto& one : all) {
        out.emplace_back(one);
    }
    return out;
}

// Each folder of a model, or what was given for one, and the object that it becomes.
json::array models_json(const v1::old_core& core, const v1::import_plan& plan) {
    json::array out;
    std::set<std::string> planned;
    for (const auto& m : plan.models) {
        planned.insert(m.source.string());
        out.push_back(json::object{{"path", m.source.string()},
                                   {"resource", m.resource_id},
                                   {"object", "s3://" + m.bucket + "/" + m.key}});
    }
    for (const auto& [name, folder] : core.models) {
        if (!planned.contains(folder.string())) {
            out.push_back(json::object{
                {"path", folder.string()}, {"resource", nullptr}, {"object", nullptr}});
        }
    }
    return out;
}

// Variables may hold credentials.
json::object without_values(json::object request) {
    for (auto& secret : request["secrets"].as_array()) {
        secret.as_object()["value"] = "(not shown)";
    }
    for (auto& definition : request["definitions"].as_array()) {
        auto& content = definition.as_object()["content"].as_object();
        auto* functions = content.contains("Functions") ? content["Functions"].if_array() : nullptr;
        for (std::size_t i = 0; functions != nullptr && i < functions->size(); ++i) {
            auto& settings = (*functions)[i].as_object()["FunctionConfiguration"].as_object();
            auto* environment =
                settings.contains("Environment") ? settings["Environment"].if_object() : nullptr;
            if (environment == nullptr || !environment->contains("Variables")) {
                continue;
            }
            for (auto& variable : (*environment)["Variables"].as_object()) {
                variable.value() = "(not shown)";
            }
        }
    }
    return request;
}

}  // namespace

std::string adoption_text(const v1::old_core& core, const v1::import_plan& plan) {
    return found_text(core) + plan_text(plan) + problems_text(plan.found.problems);
}

json::object adoption_json(const v1::old_core& core, const v1::import_plan& plan) {
    json::array candidates;
    for (const auto& c : core.candidates) {
        candidates.push_back(json::object{{"path", c.path.string()},
                                          {"deployed", c.deployed},
                                          {"readable", c.readable},
                                          {"note", c.note}});
    }
    return {{"root", core.places.root.string()},
            {"versions", texts(core.versions)},
            {"groupFile", core.group_path.string()},
            {"candidates", std::move(candidates)},
            {"wasReset", core.was_reset},
            {"leftovers", texts(core.leftovers)},
            {"models", models_json(core, plan)},
            {"streams", texts(core.streams)},
            {"streamStore", core.stream_store.string()},
            {"request", without_values(plan.request)},
            {"unknown", texts(plan.unknown)},
            {"missingSecrets", texts(plan.missing_secrets)},
            {"values", v1::to_json(plan.found.values)},
            {"problems", v1::to_json(plan.found.problems)}};
}

}  // namespace evergrass::cli
