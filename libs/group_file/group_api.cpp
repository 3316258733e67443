// The group's form in the Greengrass API, both ways.
#include "libs/base/arn.hpp"
#include "libs/group_file/group.hpp"
#include "libs/group_file/parts.hpp"

#include <utility>

namespace evergrass::group_file {
namespace {

std::string member_text(const json::object& object, std::string_view name) {
    return string_member(object, name).value_or("");
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}
std::string endpoint_from_api(const json::array* functions, const json::array* connectors,
                              const std::set<std::string>& devices, const std::string& arn) {
    if (arn == "cloud") {
        return arn;
    }
    if (arn == "GGShadowService") {
        return "shadow";
    }
    if (devices.contains(arn)) {
        return "thing:" + thing_name_of(arn).value();
    }
    const auto unqualified = [](const std::string& text) {
        const auto parsed = parse_function_arn(text);
        return parsed ? parsed->unqualified() : text;
    };
    std::string same_function;
    int how_many = 0;
    for (const auto& each : functions != nullptr ? *functions : json::array()) {
        const auto* function = each.if_object();
        if (function == nullptr) {
            continue;
        }
        const auto its = member_text(*function, "FunctionArn");
        if (its == arn) {
            return "function:" + member_text(*function, "Id");
        }
        if (unqualified(its) == unqualified(arn)) {
            same_function = "function:" + member_text(*function, "Id");
            ++how_many;
        }
    }
    if (how_many == 1) {
        return same_function;
    }
    for (const auto& each : connectors != nullptr ? *connectors : json::array()) {
        const auto* connector = each.if_object();
        if (connector != nullptr && member_text(*connector, "ConnectorArn") == arn) {
            return "connector:" + member_text(*connector, "Id");
        }
    }
    return arn;
}

void member_from_api(const json::object& api, json::object& part, std::vector<std::string>* notes) {
    const auto arn = member_text(api, "ThingArn");
    const auto name = thing_name_of(arn);
    part["thing"] = name ? *name : arn;
    const auto certificate = certificate_id_of(member_text(api, "CertificateArn"));
    if (certificate) {
        part["certificate"] = *certificate;
    } else if (notes != nullptr) {
        notes->push_back("The certificate of '" + std::string(part["thing"].get_string()) +
                         "' is not known: it is the one that is attached to the thing, or a new "
                         "one.");
    }
}

void function_from_api(const json::object& api, const owner& whose, json::object& part) {
    const auto text = member_text(api, "FunctionArn");
    const auto arn = parse_function_arn(text);
    if (!arn) {
        part["name"] = member_text(api, "Id");
        part["arn"] = text;
        return;
    }
    part["name"] = arn->name;
    if (arn->account != whose.account || arn->region != whose.region) {
        part["arn"] = text;
    } else if (is_number(arn->qualifier)) {
        part["version"] = arn->qualifier;
    } else if (!arn->qualifier.empty()) {
        part["alias"] = arn->qualifier;
    }
}

std::set<std::string> device_arns(const json::object& api) {
    std::set<std::string> arns;
    if (const auto* devices = array_member(api, "Devices")) {
        for (const auto& each : *devices) {
            if (const auto* device = each.if_object()) {
                if (auto arn = member_text(*device, "ThingArn"); thing_name_of(arn)) {
                    arns.insert(std::move(arn));
                }
            }
        }
    }
    return arns;
}

json::array section_from_api(const json::object& api, const family& of, const owner& whose,
                             std::vector<std::string>* notes) {
    json::array parts;
    const auto* list = array_member(api, of.members);
    const auto devices = device_arns(api);
    for (const auto& each : list != nullptr ? *list : json::array()) {
        const auto* from = each.if_object();
        if (from == nullptr) {
            continue;
        }
        std::set<std::string> unknown;
        auto part = fields_from_api(*from, of.fields(), &unknown);
        if (of.section == "core" || of.section == "devices") {
            member_from_api(*from, part, notes);
        } else if (of.section == "functions") {
            function_from_api(*from, whose, part);
        } else if (of.section == "subscriptions") {
            const auto* functions = array_member(api, "Functions");
            const auto* connectors = array_member(api, "Connectors");
            part["from"] =
                endpoint_from_api(functions, connectors, devices, member_text(*from, "Source"));
            part["to"] =
                endpoint_from_api(functions, connectors, devices, member_text(*from, "Target"));
        }
        for (const auto* known :
             {"ThingArn", "CertificateArn", "FunctionArn", "Source", "Target"}) {
            unknown.erase(known);
        }
        for (const auto& name : unknown) {
            if (notes != nullptr) {
                notes->push_back(std::string(of.members) + " '" + member_text(*from, "Id") + "': " +
                                 name + " is not kept: the group file has no field for it.");
            }
        }
        parts.emplace_back(ordered(of, std::move(part)));
    }
    return parts;
}

void bind_resource(const std::string& id, const bindings& bound, json::object& made) {
    if (const auto secret = bound.secrets.find(id); secret != bound.secrets.end()) {
        set_path(made, "ResourceDataContainer.SecretsManagerSecretResourceData.ARN",
                 json::string(secret->second));
    }
    if (const auto model = bound.models.find(id); model != bound.models.end()) {
        set_path(made, "ResourceDataContainer.S3MachineLearningModelResourceData.S3Uri",
                 json::string(model->second));
    }
}

}  // namespace

json::object from_api(const json::object& api, const owner& whose,
                      std::vector<std::string>* notes) {
    json::object group{{"group", member_text(api, "Name")}};
    if (auto role = member_text(api, "RoleArn"); !role.empty()) {
        const auto own = whose.role_arn("");
        group["role"] = role.starts_with(own) ? role.substr(own.size()) : role;
    }
    if (const auto* tags = object_member(api, "Tags"); tags != nullptr && !tags->empty()) {
        group["tags"] = *tags;
    }
    if (const auto expiry = int_member(api, "CertificateExpiryInMilliseconds");
        expiry && *expiry != 604'800'000) {
        group["certificateExpiryMs"] = *expiry;
    }
    for (const auto& each : families()) {
        if (each.section == "functions") {
            if (const auto* defaults = object_member(api, "DefaultConfig")) {
                auto read = fields_from_api(*defaults, default_fields());
                if (!read.empty()) {
                    group["defaults"] = std::move(read);
                }
            }
        }
        auto parts = section_from_api(api, each, whose, notes);
        if (parts.empty()) {
            continue;
        }
        if (each.section == "core") {
            group["core"] = std::move(parts[0]);
        } else {
            group[each.section] = std::move(parts);
        }
    }
    return group;
}

std::string endpoint_to_api(const json::object& group, const bindings& bound,
                            std::string_view endpoint) {
    if (endpoint == "shadow") {
        return "GGShadowService";
    }
    if (endpoint.starts_with("thing:")) {
        return bound.whose.thing_arn(endpoint.substr(6));
    }
    if (endpoint.starts_with("function:")) {
        for (const auto* part : parts_of(group, "functions")) {
            if (id_of("functions", *part) == endpoint.substr(9)) {
                if (auto arn = string_member(*part, "arn")) {
                    return *arn;
                }
            }
        }
        const auto found = bound.functions.find(std::string(endpoint.substr(9)));
        return found != bound.functions.end() ? found->second : std::string(endpoint);
    }
    if (endpoint.starts_with("connector:")) {
        for (const auto* part : parts_of(group, "connectors")) {
            if (member_text(*part, "id") == endpoint.substr(10)) {
                return member_text(*part, "arn");
            }
        }
    }
    return std::string(endpoint);
}

json::object to_api(const json::object& group, const bindings& bound) {
    json::object versions;
    for (const auto& each : families()) {
        json::array list;
        for (const auto* part : parts_of(group, each.section)) {
            auto made = fields_to_api(*part, each.fields());
            made["Id"] = id_of(each.section, *part);
            if (each.section == "core" || each.section == "devices") {
                const auto thing = member_text(*part, "thing");
                auto id = member_text(*part, "certificate");
                if (const auto known = bound.certificates.find(thing);
                    known != bound.certificates.end()) {
                    id = known->second;
                }
                made["ThingArn"] = bound.whose.thing_arn(thing);
                made["CertificateArn"] = bound.whose.certificate_arn(id);
                made["SyncShadow"] = bool_member(*part, "syncShadow").value_or(false);
            } else if (each.section == "functions") {
                made["FunctionArn"] =
                    endpoint_to_api(group, bound, "function:" + id_of(each.section, *part));
                auto& configuration = made["FunctionConfiguration"];
                if (!configuration.is_object()) {
                    configuration = json::object();
                }
            } else if (each.section == "subscriptions") {
                made["Source"] = endpoint_to_api(group, bound, member_text(*part, "from"));
                made["Target"] = endpoint_to_api(group, bound, member_text(*part, "to"));
            } else if (each.section == "loggers") {
                made["Type"] = string_member(*part, "type").value_or("FileSystem");
            } else if (each.section == "resources") {
                made["Name"] = string_member(*part, "name").value_or(member_text(*part, "id"));
                bind_resource(member_text(*part, "id"), bound, made);
            }
            list.emplace_back(std::move(made));
        }
        json::object version;
        if (!list.empty()) {
            version[each.members] = std::move(list);
        }
        if (each.section == "functions") {
            if (const auto* defaults = object_member(group, "defaults")) {
                version["DefaultConfig"] = fields_to_api(*defaults, default_fields());
            }
        }
        if (!version.empty()) {
            versions[each.section] = std::move(version);
        }
    }
    return versions;
}

}  // namespace evergrass::group_file
