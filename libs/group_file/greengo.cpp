#include "libs/base/errors.hpp"
#include "libs/group_file/import.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

namespace evergrass::group_file {
namespace {

// What greengo's files leave out, it took from its own defaults.
constexpr const char* default_alias = "default";

std::string text_of(const node& in, std::string_view name) {
    const auto* found = in.find(name);
    return found != nullptr && found->what == node::kind::scalar ? found->text : std::string();
}

const std::vector<node>& list_of(const node& in, std::string_view name) {
    static const std::vector<node> none;
    const auto* found = in.find(name);
    return found != nullptr && found->what == node::kind::list ? found->items : none;
}

// What a part has besides what there is a place for.
void note_others(const node& from, std::initializer_list<std::string_view> known,
                 const std::string& whose, std::vector<std::string>& notes) {
    for (const auto& key : from.keys) {
        if (std::find(known.begin(), known.end(), key.text) == known.end()) {
            notes.push_back("'" + key.text + "' of " + whose +
                            " is not kept: the group file has no field for it.");
        }
    }
}

void note_unknown(const std::set<std::string>& unknown, const std::string& whose,
                  std::vector<std::string>& notes) {
    for (const auto& name : unknown) {
        notes.push_back("'" + name + "' of " + whose +
                        " is not kept: the group file has no field for it.");
    }
}

json::object object_of(const node& from) {
    auto value = to_json(from);
    return value.is_object() ? std::move(value.get_object()) : json::object();
}

// "Lambda::name", "Device::name", "Connector::id", cloud, GGShadowService.
result<std::string> endpoint_of(const node& subscription, const char* name) {
    const auto* at = subscription.find(name);
    if (at == nullptr) {
        return fault_at(subscription, std::string("a subscription has no ") + name);
    }
    const auto& text = at->text;
    if (text == "cloud") {
        return text;
    }
    if (text == "GGShadowService") {
        return std::string("shadow");
    }
    for (const auto& [prefix, ours] :
         {std::pair("Lambda::", "function:"), std::pair("Device::", "thing:"),
          std::pair("Connector::", "connector:")}) {
        if (text.starts_with(prefix)) {
            return ours + text.substr(std::string_view(prefix).size());
        }
    }
    return fault_at(*at, std::string(name) + " '" + text +
                             "' must be cloud, GGShadowService, Lambda::NAME, Device::NAME or "
                             "Connector::ID");
}

result<json::object> thing_of(const node& from) {
    const auto name = text_of(from, "name");
    if (name.empty()) {
        return fault_at(from, "a core or device has no name");
    }
    json::object made{{"thing", name}};
    const auto* sync = from.find("SyncShadow");
    if (sync != nullptr && to_json(*sync) == json::value(true)) {
        made["syncShadow"] = true;
    }
    return made;
}

result<json::object> function_of(const node& from, std::vector<std::string>& notes) {
    const auto name = text_of(from, "name");
    if (name.empty()) {
        return fault_at(from, "a Lambda has no name");
    }
    json::object api{{"Id", name}};
    if (const auto* configuration = from.find("greengrassConfig")) {
        api["FunctionConfiguration"] = object_of(*configuration);
    }
    std::set<std::string> unknown;
    auto made = fields_from_api(api, function_fields(), &unknown);
    note_unknown(unknown, "function '" + name + "'", notes);
    note_others(from,
                {"name", "handler", "package", "alias", "runtime", "environment", "role",
                 "greengrassConfig"},
                "function '" + name + "'", notes);
    made["name"] = name;
    made.erase("id");
    // Without a package it is one that was published before, by its name and alias.
    if (const auto package = text_of(from, "package"); !package.empty()) {
        const auto runtime = text_of(from, "runtime");
        made["runtime"] = runtime.empty() ? "python2.7" : runtime;
        if (runtime.empty()) {
            notes.push_back("The runtime of function '" + name +
                            "' is not in the file: python2.7 was greengo's. Change it where it is "
                            "another.");
        }
        made["handler"] = text_of(from, "handler");
        made["code"] = package;
        if (text_of(from, "handler").empty()) {
            notes.push_back("The handler of function '" + name +
                            "' is not in the file: fill it in.");
        }
    }
    const auto alias = text_of(from, "alias");
    made["alias"] = alias.empty() ? default_alias : alias;
    if (from.find("environment") != nullptr) {
        notes.push_back("'environment' of function '" + name +
                        "' is not kept: it was Lambda's in the cloud, which a core never saw. "
                        "Variables of the core are in greengrassConfig.");
    }
    if (from.find("role") != nullptr) {
        notes.push_back("'role' of function '" + name + "' is not kept: a core never takes it on.");
    }
    return made;
}

json::object resource_of(const node& from, std::vector<std::string>& notes) {
    auto in = object_of(from);
    json::object container;
    for (const auto* kind :
         {"LocalVolumeResourceData", "LocalDeviceResourceData",
          "S3MachineLearningModelResourceData", "SageMakerMachineLearningModelResourceData",
          "SecretsManagerSecretResourceData"}) {
        if (const auto* data = in.if_contains(kind)) {
            container[kind] = *data;
            in.erase(kind);
        }
    }
    if (!in.contains("ResourceDataContainer")) {
        in["ResourceDataContainer"] = std::move(container);
    }
    std::set<std::string> unknown;
    auto made = fields_from_api(in, resource_fields(), &unknown);
    note_unknown(unknown, "resource '" + string_member(made, "id").value_or("") + "'", notes);
    if (string_member(made, "name") == string_member(made, "id")) {
        made.erase("name");
    }
    return made;
}

}  // namespace

result<imported> import_greengo(const source_file& from) {
    const auto& in = from.content;
    imported made;
    const auto* group = in.find("Group");
    const auto name = group != nullptr ? text_of(*group, "name") : std::string();
    if (name.empty()) {
        return fault_at(in, "Group.name is missing");
    }
    made.group["group"] = name;
    note_others(in,
                {"Group", "Cores", "Devices", "Lambdas", "Connectors", "Resources", "Subscriptions",
                 "Loggers"},
                "the file", made.notes);
    const auto& cores = list_of(in, "Cores");
    for (std::size_t i = 0; i < cores.size(); ++i) {
        auto core = thing_of(cores[i]);
        if (!core) {
            return core.error();
        }
        if (i == 0) {
            made.group["core"] = std::move(*core);
        } else {
            made.notes.push_back("The core '" + std::string(core->at("thing").get_string()) +
                                 "' is not kept: a group has one core.");
        }
        if (cores[i].find("key_path") != nullptr) {
            made.notes.push_back(
                "key_path of the cores is not kept: what the thing has at the "
                "service is used, or put CORE.cert.pem into certificates/.");
        }
    }
    json::array devices;
    for (const auto& each : list_of(in, "Devices")) {
        auto device = thing_of(each);
        if (!device) {
            return device.error();
        }
        devices.emplace_back(std::move(*device));
    }
    json::array functions;
    for (const auto& each : list_of(in, "Lambdas")) {
        auto function = function_of(each, made.notes);
        if (!function) {
            return function.error();
        }
        functions.emplace_back(std::move(*function));
    }
    json::array connectors;
    for (const auto& each : list_of(in, "Connectors")) {
        connectors.emplace_back(fields_from_api(object_of(each), connector_fields()));
    }
    json::array resources;
    for (const auto& each : list_of(in, "Resources")) {
        resources.emplace_back(resource_of(each, made.notes));
    }
    json::array subscriptions;
    for (const auto& each : list_of(in, "Subscriptions")) {
        auto source = endpoint_of(each, "Source");
        auto target = endpoint_of(each, "Target");
        if (!source || !target) {
            return !source ? source.error() : target.error();
        }
        subscriptions.emplace_back(json::object{
            {"from", *source}, {"subject", text_of(each, "Subject")}, {"to", *target}});
    }
    json::array loggers;
    for (const auto& each : list_of(in, "Loggers")) {
        loggers.emplace_back(fields_from_api(object_of(each), logger_fields()));
    }
    for (auto* section :
         {&devices, &functions, &connectors, &resources, &subscriptions, &loggers}) {
        const char* title = section == &devices         ? "devices"
                            : section == &functions     ? "functions"
                            : section == &connectors    ? "connectors"
                            : section == &resources     ? "resources"
                            : section == &subscriptions ? "subscriptions"
                                                        : "loggers";
        if (!section->empty()) {
            made.group[title] = std::move(*section);
        }
    }
    return made;
}

}  // namespace evergrass::group_file
