#include "libs/group_file/group.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/group_file/parts.hpp"
#include "libs/group_file/value_source.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::group_file {
namespace {

constexpr family all_families[] = {
    {"core", "cores", "Cores", "CoreDefinitionVersionArn", member_fields},
    {"devices", "devices", "Devices", "DeviceDefinitionVersionArn", member_fields},
    {"functions", "functions", "Functions", "FunctionDefinitionVersionArn", function_fields},
    {"connectors", "connectors", "Connectors", "ConnectorDefinitionVersionArn", connector_fields},
    {"resources", "resources", "Resources", "ResourceDefinitionVersionArn", resource_fields},
    {"subscriptions", "subscriptions", "Subscriptions", "SubscriptionDefinitionVersionArn",
     subscription_fields},
    {"loggers", "loggers", "Loggers", "LoggerDefinitionVersionArn", logger_fields},
};

constexpr field of_group[] = {
    {"format", "", field_kind::text, {}, {}, true},
    {"group", "", field_kind::text, {}, {}, true},
    {"role", ""},
    {"tags", "", field_kind::text_map, "{}"},
    {"certificateExpiryMs", "", field_kind::integer, "604800000"},
};

std::string member_text(const json::object& object, std::string_view name) {
    return string_member(object, name).value_or("");
}

bool is_certificate_id(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// The faults of one part that its table can't say.
result<void> check_function(const node& at, const json::object& part) {
    const bool code = part.contains("code");
    if (!code && !part.contains("arn") && !part.contains("alias") && !part.contains("version")) {
        return fault_at(at,
                        "a function needs its code, or else the alias or the version that is "
                        "published, or a whole arn");
    }
    if (part.contains("alias") && part.contains("version") && !code) {
        return fault_at(at, "a function has an alias or a version, not both");
    }
    if (part.contains("arn") && (code || part.contains("alias") || part.contains("version"))) {
        return fault_at(at, "a function with an arn has no code, alias or version of its own");
    }
    if (code && part.contains("version")) {
        return fault_at(at,
                        "a function with code gets its version when it is applied: leave "
                        "version out");
    }
    if (code && !part.contains("handler") && !part.contains("executable")) {
        return fault_at(at, "a function with code needs its handler");
    }
    if (code && !part.contains("runtime")) {
        return fault_at(at, "a function with code needs its runtime");
    }
    return {};
}

result<void> check_model(const node& at, const std::string& place, const json::object& model) {
    const auto s3 = string_member(model, "s3");
    if (!s3 && !model.contains("path")) {
        return fault_at(at, place +
                                ".model needs path, a zip, tar.gz or folder beside the file, or "
                                "s3, the object that is there already");
    }
    if (s3 && model.contains("path") && !(s3->starts_with("s3://") && s3->ends_with('/'))) {
        return fault_at(at, place +
                                ".model.s3 beside a path is the folder that the model goes to: "
                                "s3://BUCKET/ or s3://BUCKET/PREFIX/");
    }
    return {};
}

result<void> check_secret(const node& at, const std::string& place, const json::object& secret) {
    if (secret.contains("arn") == secret.contains("name")) {
        return fault_at(at, place + ".secret needs its name or its arn, one of them");
    }
    const auto source = string_member(secret, "valueFrom");
    if (!source) {
        return secret.contains("binary")
                   ? fault_at(at,
                              place + ".secret.binary is said of a valueFrom, and there is none")
                   : result<void>();
    }
    if (secret.contains("labels")) {
        return fault_at(at, place +
                                ".secret has labels, which are a service's, and valueFrom, which "
                                "is AWSCURRENT: leave one out");
    }
    const auto read = parse_value_source(*source);
    return read ? result<void>()
                : fault_at(at, place + ".secret.valueFrom " + read.error().context);
}

result<void> check_part(std::string_view section, const node& at, const std::string& place,
                        const json::object& part) {
    if (section == "functions") {
        if (auto checked = check_function(at, part); !checked) {
            return fault_at(
                at, place + ": " +
                        checked.error().context.substr(checked.error().context.find(": ") + 2));
        }
    }
    if (const auto certificate = string_member(part, "certificate");
        certificate && certificate->find_first_of("/.") == certificate->npos &&
        !is_certificate_id(*certificate)) {
        return fault_at(*at.find("certificate"),
                        place +
                            ".certificate must be 64 hexadecimal digits, as CertificateId, or "
                            "the path of a PEM file");
    }
    if (section == "resources") {
        int kinds = 0;
        for (const auto* kind : {"volume", "device", "model", "sageMakerModel", "secret"}) {
            kinds += part.contains(kind) ? 1 : 0;
        }
        if (kinds != 1) {
            return fault_at(at, place +
                                    " must have one of: volume, device, model, "
                                    "sageMakerModel, secret");
        }
        if (const auto* model = object_member(part, "model")) {
            return check_model(*at.find("model"), place, *model);
        }
        if (const auto* secret = object_member(part, "secret")) {
            return check_secret(*at.find("secret"), place, *secret);
        }
    }
    return {};
}

class checker {
public:
    explicit checker(const json::object& group) : group_(group) {}

    result<void> endpoint(const node& at, const std::string& place, const std::string& named) {
        if (named == "cloud" || named == "shadow" || named.starts_with("arn:")) {
            return {};
        }
        for (const auto& [prefix, section] :
             {std::pair("thing:", "devices"), std::pair("function:", "functions"),
              std::pair("connector:", "connectors")}) {
            if (named.starts_with(prefix)) {
                const auto name = named.substr(std::string_view(prefix).size());
                const auto names = names_of(section);
                return names.contains(name)
                           ? result<void>()
                           : fault_at(at, place + " '" + named + "' is not among the group's " +
                                              section + listed(names));
            }
        }
        return fault_at(at, place +
                                " must be cloud, shadow, thing:NAME, function:NAME or "
                                "connector:ID");
    }

    result<void> resource(const node& at, const std::string& place, const std::string& named) {
        const auto names = names_of("resources");
        return names.contains(named)
                   ? result<void>()
                   : fault_at(at, place + " '" + named + "' is not among the group's resources" +
                                      listed(names));
    }

private:
    std::set<std::string> names_of(std::string_view section) const {
        std::set<std::string> names;
        for (const auto* part : parts_of(group_, section)) {
            names.insert(section == "devices" ? member_text(*part, "thing")
                                              : id_of(section, *part));
        }
        return names;
    }

    static std::string listed(const std::set<std::string>& names) {
        std::string text;
        for (const auto& name : names) {
            text += (text.empty() ? "; there are: " : ", ") + name;
        }
        return text;
    }

    const json::object& group_;
};

result<void> check_references(const node& document, const json::object& group) {
    checker check(group);
    if (const auto* list = document.find("subscriptions")) {
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            for (const auto* end : {"from", "to"}) {
                const auto* at = list->items[i].find(end);
                const auto place = "subscriptions[" + std::to_string(i) + "]." + end;
                if (auto known = check.endpoint(*at, place, at->text); !known) {
                    return known;
                }
            }
        }
    }
    if (const auto* list = document.find("functions")) {
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            const auto* access = list->items[i].find("resources");
            for (std::size_t k = 0; access != nullptr && k < access->keys.size(); ++k) {
                const auto place = "functions[" + std::to_string(i) + "].resources";
                if (auto known = check.resource(access->keys[k], place, access->keys[k].text);
                    !known) {
                    return known;
                }
            }
        }
    }
    return {};
}

result<json::array> read_section(const node& list, const family& of) {
    json::array parts;
    const std::string section(of.section);
    if (list.what == node::kind::null) {
        return parts;
    }
    if (list.what != node::kind::list) {
        return fault_at(list, section + " must be a list");
    }
    std::set<std::string> seen;
    std::set<std::string> ids;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        const auto& item = list.items[i];
        const auto place = section == "core" ? section : section + "[" + std::to_string(i) + "]";
        auto part = read_fields(item, of.fields(), place);
        if (!part) {
            return part.error();
        }
        if (auto checked = check_part(section, item, place, *part); !checked) {
            return checked.error();
        }
        if (auto key = key_of(section, *part); !seen.insert(key).second) {
            return fault_at(item, place + ": '" + key + "' is there twice");
        }
        if (auto id = id_of(section, *part); !ids.insert(id).second) {
            return fault_at(item, place + ": the id '" + id + "' is there twice");
        }
        parts.emplace_back(ordered(of, std::move(*part)));
    }
    return parts;
}

}  // namespace

std::string default_logger_id(const json::object& logger) {
    return member_text(logger, "component") + "-" +
           string_member(logger, "type").value_or("FileSystem");
}

std::string implied_id(std::string_view section, const json::object& part) {
    if (section == "core" || section == "devices") {
        return member_text(part, "thing");
    }
    if (section == "functions") {
        return member_text(part, "name");
    }
    if (section == "subscriptions") {
        return subscription_id(part);
    }
    return section == "loggers" ? default_logger_id(part) : std::string();
}

std::string id_of(std::string_view section, const json::object& part) {
    return string_member(part, "id").value_or(implied_id(section, part));
}

json::object ordered(const family& of, json::object part) {
    if (string_member(part, "id") == implied_id(of.section, part)) {
        part.erase("id");
    }
    if (of.section == "resources" && string_member(part, "name") == string_member(part, "id")) {
        part.erase("name");
    }
    json::object made;
    for (const auto& row : of.fields()) {
        if (const auto* value = at_path(part, row.name)) {
            set_path(made, row.name, *value);
        }
    }
    return made;
}

std::span<const family> families() {
    return all_families;
}

std::span<const field> group_fields() {
    return of_group;
}

std::string owner::thing_arn(std::string_view name) const {
    return "arn:" + partition + ":iot:" + region + ":" + account + ":thing/" + std::string(name);
}

std::string owner::certificate_arn(std::string_view id) const {
    return "arn:" + partition + ":iot:" + region + ":" + account + ":cert/" + std::string(id);
}

std::string owner::function_arn(std::string_view name, std::string_view qualifier) const {
    return "arn:" + partition + ":lambda:" + region + ":" + account +
           ":function:" + std::string(name) +
           (qualifier.empty() ? "" : ":" + std::string(qualifier));
}

std::string owner::role_arn(std::string_view name_or_arn) const {
    return name_or_arn.starts_with("arn:")
               ? std::string(name_or_arn)
               : "arn:" + partition + ":iam::" + account + ":role/" + std::string(name_or_arn);
}

std::string subscription_id(const json::object& subscription) {
    return "s-" +
           sha256_hex(member_text(subscription, "from") + "\n" +
                      member_text(subscription, "subject") + "\n" + member_text(subscription, "to"))
               .substr(0, 12);
}

std::string key_of(std::string_view section, const json::object& part) {
    if (section == "core" || section == "devices") {
        return member_text(part, "thing");
    }
    if (section == "subscriptions") {
        return member_text(part, "from") + " --[" + member_text(part, "subject") + "]--> " +
               member_text(part, "to");
    }
    if (section == "loggers") {
        return default_logger_id(part);
    }
    return id_of(section, part);
}

std::vector<const json::object*> parts_of(const json::object& group, std::string_view section) {
    std::vector<const json::object*> parts;
    const auto* found = group.if_contains(section);
    if (found != nullptr && found->is_object()) {
        parts.push_back(&found->get_object());
    } else if (found != nullptr && found->is_array()) {
        for (const auto& each : found->get_array()) {
            if (each.is_object()) {
                parts.push_back(&each.get_object());
            }
        }
    }
    return parts;
}

result<json::object> read_group(std::string_view text) {
    const auto document = parse_yaml(text);
    return document ? read_group(*document) : document.error();
}

result<json::object> read_group(const node& document) {
    const auto* format = document.find("format");
    if (format == nullptr || format->text != format_name) {
        return fault_at(format != nullptr ? *format : document,
                        "this is no group file: it has no 'format: " + std::string(format_name) +
                            "'. For a template of CloudFormation, a greengo.yaml or saved answers "
                            "of the AWS CLI there is evergrass group import");
    }
    node top = document;  // without what has tables of its own
    top.keys.clear();
    top.items.clear();
    for (std::size_t i = 0; i < document.items.size(); ++i) {
        const auto& name = document.keys[i].text;
        const bool is_section =
            std::any_of(std::begin(all_families), std::end(all_families),
                        [&](const family& each) { return each.section == name; });
        if (!is_section && name != "defaults") {
            top.keys.push_back(document.keys[i]);
            top.items.push_back(document.items[i]);
        }
    }
    auto group = read_fields(top, of_group, "");
    if (!group) {
        auto fault = group.error();
        if (fault.context.find("is not known") != fault.context.npos) {
            fault.context +=
                ", core, devices, defaults, functions, connectors, resources, "
                "subscriptions, loggers";
        }
        return fault;
    }
    group->erase("format");
    for (const auto& each : all_families) {
        const auto* found = document.find(each.section);
        if (each.section == "functions") {
            if (const auto* defaults = document.find("defaults")) {
                auto read = read_fields(*defaults, default_fields(), "defaults");
                if (!read) {
                    return read.error();
                }
                if (!read->empty()) {
                    (*group)["defaults"] = std::move(*read);
                }
            }
        }
        if (found == nullptr || found->what == node::kind::null) {
            continue;
        }
        node list;
        list.what = node::kind::list;
        list.items = {*found};
        auto parts = read_section(each.section == "core" ? list : *found, each);
        if (!parts) {
            return parts.error();
        }
        if (each.section == "core") {
            (*group)["core"] = std::move((*parts)[0]);
        } else if (!parts->empty()) {
            (*group)[each.section] = std::move(*parts);
        }
    }
    if (auto checked = check_references(document, *group); !checked) {
        return checked.error();
    }
    return group;
}

std::string to_text(const json::object& group) {
    json::object whole{{"format", format_name}};
    for (const auto& member : group) {
        whole[member.key()] = member.value();
    }
    for (const auto& each : all_families) {
        auto* section = whole.if_contains(each.section);
        if (section != nullptr && section->is_object()) {
            *section = ordered(each, std::move(section->get_object()));
        } else if (section != nullptr && section->is_array()) {
            for (auto& part : section->get_array()) {
                part = ordered(each, part.is_object() ? part.get_object() : json::object());
            }
        }
    }
    return to_yaml(whole, {"subscriptions", "loggers"});
}

}  // namespace evergrass::group_file
