#include "libs/group_file/fields.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace evergrass::group_file {
namespace {

using enum field_kind;

constexpr field of_members[] = {
    {"thing", "", text, {}, {}, true},
    {"certificate", ""},
    {"syncShadow", "SyncShadow", boolean, "false"},
    {"id", "Id"},
};

// Timeout and memory: spec/core.md §5.
constexpr field of_functions[] = {
    {"name", "", text, {}, {}, true},
    {"id", "Id"},
    {"arn", ""},
    {"code", ""},
    {"runtime", ""},
    {"handler", ""},
    {"alias", ""},
    {"version", ""},
    {"pinned", "FunctionConfiguration.Pinned", boolean, "false"},
    {"timeoutSeconds", "FunctionConfiguration.Timeout", integer, "3"},
    {"memoryKb", "FunctionConfiguration.MemorySize", integer, "16384"},
    {"encoding", "FunctionConfiguration.EncodingType", text, "\"json\"", "json|binary"},
    {"executable", "FunctionConfiguration.Executable"},
    {"arguments", "FunctionConfiguration.ExecArgs"},
    {"runtimeOverride", "FunctionConfiguration.FunctionRuntimeOverride"},
    {"isolation",
     "FunctionConfiguration.Environment.Execution.IsolationMode",
     text,
     {},
     "GreengrassContainer|NoContainer"},
    {"uid", "FunctionConfiguration.Environment.Execution.RunAs.Uid", integer},
    {"gid", "FunctionConfiguration.Environment.Execution.RunAs.Gid", integer},
    {"accessSysfs", "FunctionConfiguration.Environment.AccessSysfs", boolean, "false"},
    {"environment", "FunctionConfiguration.Environment.Variables", text_map, "{}"},
    {"resources", "FunctionConfiguration.Environment.ResourceAccessPolicies", access, "{}"},
};

constexpr field of_defaults[] = {
    {"isolation", "Execution.IsolationMode", text, {}, "GreengrassContainer|NoContainer"},
    {"uid", "Execution.RunAs.Uid", integer},
    {"gid", "Execution.RunAs.Gid", integer},
};

constexpr field of_connectors[] = {
    {"id", "Id", text, {}, {}, true},
    {"arn", "ConnectorArn", text, {}, {}, true},
    {"parameters", "Parameters", text_map, "{}"},
};

constexpr field of_resources[] = {
    {"id", "Id", text, {}, {}, true},
    {"name", "Name"},
    {"volume.source", "ResourceDataContainer.LocalVolumeResourceData.SourcePath"},
    {"volume.destination", "ResourceDataContainer.LocalVolumeResourceData.DestinationPath"},
    {"volume.autoAddGroupOwner",
     "ResourceDataContainer.LocalVolumeResourceData.GroupOwnerSetting.AutoAddGroupOwner", boolean},
    {"volume.groupOwner",
     "ResourceDataContainer.LocalVolumeResourceData.GroupOwnerSetting.GroupOwner"},
    {"device.source", "ResourceDataContainer.LocalDeviceResourceData.SourcePath"},
    {"device.autoAddGroupOwner",
     "ResourceDataContainer.LocalDeviceResourceData.GroupOwnerSetting.AutoAddGroupOwner", boolean},
    {"device.groupOwner",
     "ResourceDataContainer.LocalDeviceResourceData.GroupOwnerSetting.GroupOwner"},
    {"model.path", ""},
    {"model.s3", "ResourceDataContainer.S3MachineLearningModelResourceData.S3Uri"},
    {"model.destination",
     "ResourceDataContainer.S3MachineLearningModelResourceData.DestinationPath"},
    {"model.groupOwner",
     "ResourceDataContainer.S3MachineLearningModelResourceData.OwnerSetting.GroupOwner"},
    {"model.groupPermission",
     "ResourceDataContainer.S3MachineLearningModelResourceData.OwnerSetting.GroupPermission",
     text,
     {},
     "ro|rw"},
    {"sageMakerModel.jobArn",
     "ResourceDataContainer.SageMakerMachineLearningModelResourceData.SageMakerJobArn"},
    {"sageMakerModel.destination",
     "ResourceDataContainer.SageMakerMachineLearningModelResourceData.DestinationPath"},
    {"sageMakerModel.groupOwner",
     "ResourceDataContainer.SageMakerMachineLearningModelResourceData.OwnerSetting.GroupOwner"},
    {"sageMakerModel.groupPermission",
     "ResourceDataContainer.SageMakerMachineLearningModelResourceData.OwnerSetting."
     "GroupPermission",
     text,
     {},
     "ro|rw"},
    {"secret.arn", "ResourceDataContainer.SecretsManagerSecretResourceData.ARN"},
    {"secret.name", ""},
    {"secret.valueFrom", ""},
    {"secret.binary", "", boolean, "false"},
    {"secret.labels",
     "ResourceDataContainer.SecretsManagerSecretResourceData.AdditionalStagingLabelsToDownload",
     texts, "[]"},
};

constexpr field of_subscriptions[] = {
    {"from", "", text, {}, {}, true},
    {"subject", "Subject", text, {}, {}, true},
    {"to", "", text, {}, {}, true},
    {"id", "Id"},
};

constexpr field of_loggers[] = {
    {"component", "Component", text, {}, "GreengrassSystem|Lambda", true},
    {"level", "Level", text, {}, "DEBUG|INFO|WARN|ERROR|FATAL", true},
    {"type", "Type", text, "\"FileSystem\"", "FileSystem|AWSCloudWatch"},
    {"spaceKb", "Space", integer},
    {"id", "Id"},
};

std::pair<std::string_view, std::string_view> split(std::string_view path) {
    const auto dot = path.find('.');
    return dot == path.npos ? std::pair(path, std::string_view())
                            : std::pair(path.substr(0, dot), path.substr(dot + 1));
}

bool is_one_of(std::string_view values, std::string_view text) {
    while (!values.empty()) {
        const auto bar = std::min(values.find('|'), values.size());
        if (values.substr(0, bar) == text) {
            return true;
        }
        values.remove_prefix(std::min(bar + 1, values.size()));
    }
    return false;
}

json::value parsed(std::string_view constant) {
    return constant.empty() ? json::value() : json::parse(constant);
}

std::string with_place(std::string_view place, std::string_view name) {
    return place.empty() ? std::string(name) : std::string(place) + "." + std::string(name);
}

result<json::value> read_text(const node& from, const std::string& place) {
    if (from.what != node::kind::scalar || !from.tag.empty()) {
        return fault_at(from, place + " must be a text");
    }
    return json::value(json::string(from.text));
}

result<json::value> read_map(const node& from, const std::string& place, bool permissions) {
    if (from.what != node::kind::map) {
        return fault_at(from, place + " must be an object, NAME: TEXT");
    }
    json::object made;
    for (std::size_t i = 0; i < from.items.size(); ++i) {
        const auto& name = from.keys[i].text;
        auto value = from.items[i].what == node::kind::null
                         ? result<json::value>(json::value(json::string()))
                         : read_text(from.items[i], place + "." + name);
        if (!value) {
            return value.error();
        }
        if (permissions && value->get_string() != "ro" && value->get_string() != "rw") {
            return fault_at(from.items[i], place + "." + name + " must be ro or rw");
        }
        made[name] = std::move(*value);
    }
    return json::value(std::move(made));
}

result<json::value> read_value(const node& from, const field& as, const std::string& place) {
    switch (as.kind) {
        case text: {
            auto value = read_text(from, place);
            if (value && as.required && value->get_string().empty()) {
                return fault_at(from, place + " must not be empty");
            }
            if (value && !as.values.empty() && !is_one_of(as.values, value->get_string())) {
                auto known = std::string(as.values);
                for (auto bar = known.find('|'); bar != known.npos; bar = known.find('|', bar)) {
                    known.replace(bar, 1, ", ");
                }
                return fault_at(from, place + " must be one of: " + known);
            }
            return value;
        }
        case integer: {
            std::int64_t number = 0;
            const auto& digits = from.text;
            const auto [end, failed] =
                std::from_chars(digits.data(), digits.data() + digits.size(), number);
            if (from.what != node::kind::scalar || failed != std::errc() ||
                end != digits.data() + digits.size()) {
                return fault_at(from, place + " must be a whole number");
            }
            return json::value(number);
        }
        case boolean: {
            const auto value = to_json(from);
            if (!value.is_bool()) {
                return fault_at(from, place + " must be true or false");
            }
            return value;
        }
        case texts: {
            if (from.what != node::kind::list) {
                return fault_at(from, place + " must be a list of texts");
            }
            json::array list;
            for (const auto& item : from.items) {
                auto value = read_text(item, place);
                if (!value) {
                    return value.error();
                }
                list.push_back(std::move(*value));
            }
            return json::value(std::move(list));
        }
        case text_map:
            return read_map(from, place, false);
        case access:
            return read_map(from, place, true);
    }
    return json::value();
}

// Names at this level, for the error about an unknown one.
std::string known_names(std::span<const field> table, std::string_view prefix) {
    std::string names;
    std::set<std::string_view> seen;
    for (const auto& row : table) {
        if (row.name.starts_with(prefix)) {
            const auto name = split(row.name.substr(prefix.size())).first;
            if (seen.insert(name).second) {
                names += (names.empty() ? "" : ", ") + std::string(name);
            }
        }
    }
    return names;
}

result<void> read_level(const node& from, std::span<const field> table, const std::string& prefix,
                        std::string_view place, json::object& into) {
    if (from.what != node::kind::map) {
        return fault_at(from, std::string(place) +
                                  " must be an object with some of: " + known_names(table, prefix));
    }
    for (std::size_t i = 0; i < from.items.size(); ++i) {
        const auto& name = from.keys[i].text;
        const auto path = prefix + name;
        const auto where = with_place(place, name);
        const field* found = nullptr;
        bool leads_on = false;
        for (const auto& row : table) {
            found = row.name == path ? &row : found;
            leads_on = leads_on || row.name.starts_with(path + ".");
        }
        if (leads_on) {
            if (auto read = read_level(from.items[i], table, path + ".", where, into); !read) {
                return read;
            }
            continue;
        }
        if (found == nullptr) {
            return fault_at(from.keys[i],
                            where + " is not known; there are: " + known_names(table, prefix));
        }
        if (from.items[i].what == node::kind::null) {
            continue;  // as if it were left out
        }
        auto value = read_value(from.items[i], *found, where);
        if (!value) {
            return value.error();
        }
        if (*value != parsed(found->fallback)) {
            set_path(into, found->name, std::move(*value));
        }
    }
    return {};
}

std::optional<json::value> from_api_value(const json::value& from, field_kind kind) {
    switch (kind) {
        case text:
            return from.is_string() ? std::optional(from) : std::nullopt;
        case integer:
            if (from.is_string()) {  // templates write numbers as texts
                std::int64_t number = 0;
                const std::string_view digits = from.get_string();
                const auto [end, failed] =
                    std::from_chars(digits.data(), digits.data() + digits.size(), number);
                return failed == std::errc() && end == digits.data() + digits.size()
                           ? std::optional<json::value>(number)
                           : std::nullopt;
            }
            return from.is_int64() || from.is_uint64() ? std::optional(from) : std::nullopt;
        case boolean:
            if (from.is_string()) {
                const std::string_view word = from.get_string();
                return word == "true" || word == "True"     ? std::optional<json::value>(true)
                       : word == "false" || word == "False" ? std::optional<json::value>(false)
                                                            : std::nullopt;
            }
            return from.is_bool() ? std::optional(from) : std::nullopt;
        case texts:
            return from.is_array() ? std::optional(from) : std::nullopt;
        case text_map: {
            if (!from.is_object()) {
                return std::nullopt;
            }
            json::object made;
            for (const auto& member : from.get_object()) {
                made[member.key()] = member.value().is_string()
                                         ? member.value()
                                         : json::value(json::serialize(member.value()));
            }
            return json::value(std::move(made));
        }
        case access: {
            if (!from.is_array()) {
                return std::nullopt;
            }
            json::object made;
            for (const auto& each : from.get_array()) {
                if (const auto* policy = each.if_object()) {
                    made[string_member(*policy, "ResourceId").value_or("")] =
                        string_member(*policy, "Permission").value_or("ro");
                }
            }
            return json::value(std::move(made));
        }
    }
    return std::nullopt;
}

void find_unknown(const json::object& from, std::span<const field> table, const std::string& prefix,
                  std::set<std::string>& unknown) {
    for (const auto& member : from) {
        const auto path = prefix + std::string(member.key());
        bool known = false;
        bool leads_on = false;
        for (const auto& row : table) {
            known = known || row.api == path;
            leads_on = leads_on || row.api.starts_with(path + ".");
        }
        if (leads_on && member.value().is_object()) {
            find_unknown(member.value().get_object(), table, path + ".", unknown);
        } else if (!known) {
            unknown.insert(path);
        }
    }
}

}  // namespace

std::span<const field> member_fields() {
    return of_members;
}
std::span<const field> function_fields() {
    return of_functions;
}
std::span<const field> default_fields() {
    return of_defaults;
}
std::span<const field> connector_fields() {
    return of_connectors;
}
std::span<const field> resource_fields() {
    return of_resources;
}
std::span<const field> subscription_fields() {
    return of_subscriptions;
}
std::span<const field> logger_fields() {
    return of_loggers;
}

const json::value* at_path(const json::object& in, std::string_view path) {
    const auto [first, rest] = split(path);
    const auto* found = in.if_contains(first);
    if (found == nullptr || rest.empty()) {
        return found;
    }
    const auto* inner = found->if_object();
    return inner != nullptr ? at_path(*inner, rest) : nullptr;
}

void set_path(json::object& in, std::string_view path, json::value value) {
    const auto [first, rest] = split(path);
    if (rest.empty()) {
        in[first] = std::move(value);
        return;
    }
    auto& inner = in[first];
    if (!inner.is_object()) {
        inner = json::object();
    }
    set_path(inner.get_object(), rest, std::move(value));
}

result<json::object> read_fields(const node& from, std::span<const field> table,
                                 std::string_view place) {
    json::object read;
    if (auto outcome = read_level(from, table, "", place, read); !outcome) {
        return outcome.error();
    }
    json::object ordered;  // as the table has them, whatever the file's order
    for (const auto& row : table) {
        const auto* value = at_path(read, row.name);
        if (value != nullptr) {
            set_path(ordered, row.name, *value);
        } else if (row.required) {
            return fault_at(from, with_place(place, row.name) + " is missing");
        }
    }
    return ordered;
}

json::object fields_from_api(const json::object& from, std::span<const field> table,
                             std::set<std::string>* unknown) {
    json::object made;
    for (const auto& row : table) {
        const auto* value = row.api.empty() ? nullptr : at_path(from, row.api);
        if (value == nullptr) {
            continue;
        }
        auto taken = from_api_value(*value, row.kind);
        if (taken && *taken != parsed(row.fallback)) {
            set_path(made, row.name, std::move(*taken));
        }
    }
    if (unknown != nullptr) {
        find_unknown(from, table, "", *unknown);
    }
    return made;
}

json::object fields_to_api(const json::object& from, std::span<const field> table) {
    json::object made;
    for (const auto& row : table) {
        const auto* value = row.api.empty() ? nullptr : at_path(from, row.name);
        if (value == nullptr) {
            continue;
        }
        if (row.kind != access) {
            set_path(made, row.api, *value);
            continue;
        }
        json::array policies;
        for (const auto& each : value->get_object()) {
            policies.push_back(
                json::object{{"ResourceId", each.key()}, {"Permission", each.value()}});
        }
        set_path(made, row.api, std::move(policies));
    }
    return made;
}

}  // namespace evergrass::group_file
