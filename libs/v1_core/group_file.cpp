#include "libs/v1_core/group_file.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/v1_core/tolerant_json.hpp"

#include <algorithm>
#include <set>

namespace evergrass::v1 {
namespace {

// A part of the file, and where it stands.
struct place {
    const json::object* object = nullptr;
    std::string at;  // JSON pointer
};

class reader {
public:
    reader(std::string_view file, old_group& into) : file_(file), out_(into) {}

    void read(const json::object& top) {
        const place whole{&top, ""};
        note_unknown(whole, {"$Schema", "Arn", "Version", "Region", "Cores", "Devices",
                             "GroupDefinitions", "Connectors"});
        read_names(whole);
        out_.cores = members_of(whole, "Cores");
        out_.devices = members_of(whole, "Devices");
        out_.deployed = !out_.cores.empty();
        if (const auto definitions = object_of(whole, "GroupDefinitions")) {
            note_unknown(*definitions, {"Resources", "Lambdas", "Subscriptions", "Logging",
                                        "ShadowSync", "ClientCertFingerprints", "Connectors"});
            read_resources(*definitions);
            read_functions(*definitions);
            read_subscriptions(*definitions);
            read_loggers(*definitions);
            read_shadow_sync(*definitions);
            read_fingerprints(*definitions);
            read_connectors(*definitions);
        }
        read_connectors(whole);
        make_ids();
    }

private:
    std::string where(std::string_view at) const { return file_ + "#" + std::string(at); }

    const json::value* member(const place& in, std::string_view name) {
        auto found = find_member(*in.object, name);
        if (!found) {
            out_.found.fail(where(in.at), found.error().context);
            return nullptr;
        }
        if (*found != nullptr && in.object->if_contains(name) == nullptr) {
            out_.found.guess(pointer(in.at, name), "", where(in.at) + " (its case differs)");
        }
        return *found;
    }

    std::string text(const place& in, std::string_view name) {
        const auto* value = member(in, name);
        if (value == nullptr) {
            return {};
        }
        if (!value->is_string()) {
            out_.found.fail(where(pointer(in.at, name)), "is no text");
            return {};
        }
        return std::string(value->get_string());
    }

    std::optional<std::int64_t> number(const place& in, std::string_view name) {
        const auto* value = member(in, name);
        if (value == nullptr) {
            return std::nullopt;
        }
        const auto read = as_integer(*value);
        if (!read) {
            out_.found.fail(where(pointer(in.at, name)), "is no whole number");
        } else if (value->is_string()) {
            out_.found.note(where(pointer(in.at, name)), "is a number written as text; taken");
        }
        return read;
    }

    std::optional<bool> truth(const place& in, std::string_view name) {
        const auto* value = member(in, name);
        if (value == nullptr) {
            return std::nullopt;
        }
        const auto read = as_boolean(*value);
        if (!read) {
            out_.found.fail(where(pointer(in.at, name)), "is neither true nor false");
        }
        return read;
    }

    std::optional<place> object_of(const place& in, std::string_view name) {
        const auto* value = member(in, name);
        if (value == nullptr) {
            return std::nullopt;
        }
        if (!value->is_object()) {
            out_.found.fail(where(pointer(in.at, name)), "is no object");
            return std::nullopt;
        }
        return place{&value->get_object(), pointer(in.at, name)};
    }

    // The elements of a section, {ref, Content: [...]}, or of a plain array.
    const json::array* section(const place& in, std::string_view name, std::string& at) {
        const auto* value = member(in, name);
        if (value == nullptr) {
            return nullptr;
        }
        at = pointer(in.at, name);
        if (value->is_object()) {
            const place section_at{&value->get_object(), at};
            note_unknown(section_at, {"ref", "Content"});
            if (const auto* ref = member(section_at, "ref")) {
                out_.found.fail(where(at + "/ref"), "points to content that is not in the file (" +
                                                        json::serialize(*ref) +
                                                        "): this section may be incomplete");
            }
            value = member(section_at, "Content");
            at += "/Content";
            if (value == nullptr) {
                return nullptr;
            }
        }
        if (!value->is_array()) {
            out_.found.fail(where(at), "is no list");
            return nullptr;
        }
        return &value->get_array();
    }

    std::vector<place> elements(const place& in, std::string_view name) {
        std::string at;
        std::vector<place> out;
        const auto* all = section(in, name, at);
        if (all == nullptr) {
            return out;
        }
        for (std::size_t i = 0; i < all->size(); ++i) {
            if (const auto* object = (*all)[i].if_object()) {
                out.push_back({object, pointer(at, i)});
            } else {
                out_.found.fail(where(pointer(at, i)), "is no object; left out");
            }
        }
        return out;
    }

    void note_unknown(const place& in, std::initializer_list<std::string_view> known) {
        for (const auto& each : *in.object) {
            const bool is_known = std::ranges::any_of(
                known, [&](auto name) { return equal_but_for_case(name, each.key()); });
            if (!is_known) {
                out_.found.warn(where(pointer(in.at, each.key())),
                                "is not known and has no effect; it stays in the copy of the file");
            }
        }
    }

    void read_names(const place& whole) {
        out_.arn = text(whole, "Arn");
        out_.region = text(whole, "Region");
        if (out_.arn.empty()) {
            return;
        }
        const auto parsed = parse_arn(out_.arn);
        const auto parts = parsed ? split(parsed->resource) : std::vector<std::string>();
        // "/greengrass/groups/G/versions/V": the first part is empty.
        if (parts.size() != 6 || parts[2] != "groups" || parts[4] != "versions") {
            out_.found.fail(where("/Arn"),
                            "'" + out_.arn + "' is not the ARN of a group's version");
            return;
        }
        out_.partition = parsed->partition;
        out_.account = parsed->account;
        if (out_.region.empty()) {
            out_.region = parsed->region;
        }
        out_.group_id = parts[3];
        out_.version_id = parts[5];
        out_.found.from("group.Id", out_.group_id, where("/Arn"));
        out_.found.from("group.Version", out_.version_id, where("/Arn"));
    }

    static std::vector<std::string> split(std::string_view text) {
        std::vector<std::string> parts;
        for (;;) {
            const auto end = text.find('/');
            parts.emplace_back(text.substr(0, end));
            if (end == std::string_view::npos) {
                return parts;
            }
            text.remove_prefix(end + 1);
        }
    }

    std::vector<group_member> members_of(const place& whole, std::string_view list) {
        std::vector<group_member> out;
        for (const auto& each : elements(whole, list)) {
            note_unknown(each, {"thingArn", "certArn", "certificateArn"});
            group_member one;
            one.thing_arn = text(each, "thingArn");
            const auto name = thing_name_of(one.thing_arn);
            if (!name) {
                out_.found.fail(where(each.at + "/thingArn"),
                                "'" + one.thing_arn + "' is no thing's ARN; left out");
                continue;
            }
            one.thing_name = *name;
            const auto what = std::string(list) + "[" + one.thing_name + "]";
            out_.found.from(what + ".ThingArn", one.thing_arn, where(each.at + "/thingArn"));
            one.certificate_arn = text(each, "certArn");
            if (one.certificate_arn.empty()) {
                one.certificate_arn = text(each, "certificateArn");
            }
            read_certificate(each, what, list == "Devices", one);
            out.push_back(std::move(one));
        }
        return out;
    }

    void read_certificate(const place& each, const std::string& what, bool is_device,
                          group_member& one) {
        if (one.certificate_arn.empty()) {
            out_.found.warn(where(each.at), what +
                                                " has no certificate here: register it again "
                                                "(`evergrass adopt --device-cert " +
                                                one.thing_name + "=FILE`)");
            return;
        }
        const auto id = certificate_id_of(one.certificate_arn);
        if (!id) {
            out_.found.fail(where(each.at + "/certArn"),
                            "'" + one.certificate_arn + "' is no certificate's ARN");
            one.certificate_arn.clear();
            return;
        }
        one.certificate_id = *id;
        // Seen of cores; of devices it is an inference (§3.1).
        if (is_device) {
            out_.found.guess(what + ".CertificateArn", one.certificate_arn,
                             where(each.at + "/certArn"));
        } else {
            out_.found.from(what + ".CertificateArn", one.certificate_arn,
                            where(each.at + "/certArn"));
        }
    }

    static std::string kind_of_type(std::string_view type) {
        if (type == "LOCAL_VOLUME") {
            return "LocalVolumeResourceData";
        }
        if (type == "LOCAL_DEVICE") {
            return "LocalDeviceResourceData";
        }
        if (type == "S3_MACHINE_LEARNING_MODEL") {
            return "S3MachineLearningModelResourceData";
        }
        if (type == "SAGEMAKER_MACHINE_LEARNING_MODEL") {
            return "SageMakerMachineLearningModelResourceData";
        }
        if (type == "SECRETS_MANAGER_SECRET") {
            return "SecretsManagerSecretResourceData";
        }
        return {};
    }

    static bool is_kind(std::string_view name) {
        return name == "LocalVolumeResourceData" || name == "LocalDeviceResourceData" ||
               name == "S3MachineLearningModelResourceData" ||
               name == "SageMakerMachineLearningModelResourceData" ||
               name == "SecretsManagerSecretResourceData";
    }

    static std::string kind_by_members(const json::object& data) {
        if (const auto arn = string_member(data, "ARN");
            arn && arn->find(":secretsmanager:") != std::string::npos) {
            return "SecretsManagerSecretResourceData";
        }
        if (data.contains("S3Uri")) {
            return "S3MachineLearningModelResourceData";
        }
        if (data.contains("SageMakerJobArn")) {
            return "SageMakerMachineLearningModelResourceData";
        }
        if (data.contains("DestinationPath")) {
            return "LocalVolumeResourceData";
        }
        return data.contains("SourcePath") ? "LocalDeviceResourceData" : "";
    }

    void read_resources(const place& definitions) {
        for (const auto& each : elements(definitions, "Resources")) {
            note_unknown(each, {"Id", "Type", "Data", "Name"});
            group_resource one;
            one.id = text(each, "Id");
            one.name = text(each, "Name");
            const auto data = object_of(each, "Data");
            if (one.id.empty() || !data) {
                out_.found.fail(where(each.at), "a resource without Id or Data; left out");
                continue;
            }
            one.data = *data->object;
            const auto what = "resources[" + one.id + "]";
            one.kind = text(*data, "type");
            if (is_kind(one.kind)) {
                out_.found.from(what + ".kind", one.kind, where(data->at + "/type"));
            } else if (auto by_type = kind_of_type(text(each, "Type")); !by_type.empty()) {
                one.kind = std::move(by_type);
                out_.found.guess(what + ".kind", one.kind, where(each.at + "/Type"));
            } else if (auto by_members = kind_by_members(one.data); !by_members.empty()) {
                one.kind = std::move(by_members);
                out_.found.guess(what + ".kind", one.kind, where(data->at) + " (by its members)");
            } else {
                out_.found.fail(where(each.at), "a resource of a kind that is not known; left out");
                continue;
            }
            one.data.erase("type");
            if (one.kind.starts_with("S3") || one.kind.starts_with("Sage") ||
                one.kind.starts_with("Secrets")) {
                out_.found.guess(what + ".data", "", where(data->at));
            }
            if (one.name.empty()) {
                one.name = name_of(one);
                out_.found.made(what + ".Name", one.name, "the last part of its path, else its Id");
            }
            if (!one.secret_arn().empty()) {
                out_.found.warn(where(each.at), "the value of secret " + one.secret_arn() +
                                                    " cannot be read from a core: give it again "
                                                    "(--secret NAME=@FILE)");
            }
            out_.resources.push_back(std::move(one));
        }
    }

    static std::string name_of(const group_resource& one) {
        for (const auto* member : {"DestinationPath", "SourcePath"}) {
            const auto path = string_member(one.data, member).value_or("");
            const auto slash = path.rfind('/');
            if (slash != std::string::npos && slash + 1 < path.size()) {
                return path.substr(slash + 1);
            }
        }
        return one.id;
    }

    void read_functions(const place& definitions) {
        for (const auto& each : elements(definitions, "Lambdas")) {
            note_unknown(each, {"FunctionArn", "ArtifactArn", "DeploymentConfiguration", "Id"});
            group_function one;
            one.arn = text(each, "FunctionArn");
            const auto arn = parse_function_arn(one.arn);
            if (!arn) {
                out_.found.fail(where(each.at + "/FunctionArn"),
                                "'" + one.arn + "' is no function's ARN; left out");
                continue;
            }
            one.name = arn->name;
            one.version = arn->qualifier;
            one.of_system = arn->account.empty();
            out_.found.from("functions[" + one.name + "].FunctionArn", one.arn,
                            where(each.at + "/FunctionArn"));
            read_deployment_id(each);
            if (const auto settings = object_of(each, "DeploymentConfiguration")) {
                read_settings(*settings, one);
            }
            out_.functions.push_back(std::move(one));
        }
    }

    void read_deployment_id(const place& each) {
        const auto artifact = text(each, "ArtifactArn");
        constexpr std::string_view before = "/deployments/";
        const auto at = artifact.find(before);
        if (at == std::string::npos || !out_.deployment_id.empty()) {
            return;
        }
        const auto id = artifact.substr(at + before.size());
        out_.deployment_id = id.substr(0, id.find('/'));
        out_.found.from("deployment.Id", out_.deployment_id, where(each.at + "/ArtifactArn"));
    }

    void read_settings(const place& in, group_function& one) {
        note_unknown(in, {"Priority", "Pinned", "CodeSha256", "CodeSize", "Description", "Handler",
                          "MemorySize", "Timeout", "EncodingType", "Runtime", "Environment",
                          "ExecArgs", "Executable"});
        one.pinned = truth(in, "Pinned").value_or(false);
        one.handler = text(in, "Handler");
        one.runtime = text(in, "Runtime");
        one.description = text(in, "Description");
        one.memory_kb = number(in, "MemorySize");
        one.timeout_seconds = number(in, "Timeout");
        one.encoding = text(in, "EncodingType");
        one.code_sha256 = text(in, "CodeSha256");
        const auto what = "functions[" + one.name + "]";
        for (auto [member, into] :
             {std::pair{"ExecArgs", &one.exec_args}, std::pair{"Executable", &one.executable}}) {
            *into = text(in, member);
            if (!into->empty()) {
                out_.found.guess(what + "." + member, *into, where(pointer(in.at, member)));
            }
        }
        if (const auto environment = object_of(in, "Environment")) {
            read_environment(*environment, one);
        }
    }

    void read_environment(const place& in, group_function& one) {
        note_unknown(in, {"Variables", "ResourceAccessPolicies", "AccessSysfs", "Execution",
                          "IsolationMode", "RunAs"});
        if (const auto variables = object_of(in, "Variables")) {
            for (const auto& each : *variables->object) {
                if (const auto* value = each.value().if_string()) {
                    one.variables.emplace_back(each.key(), std::string(*value));
                } else {
                    out_.found.fail(where(pointer(variables->at, each.key())),
                                    "an environment variable that is no text; left out");
                }
            }
        }
        for (const auto& policy : elements(in, "ResourceAccessPolicies")) {
            one.resources.emplace_back(text(policy, "ResourceId"), text(policy, "Permission"));
        }
        one.access_sysfs = truth(in, "AccessSysfs");
        // By analogy with the API (§3.3): in Execution, or beside it.
        for (const auto& at : {object_of(in, "Execution"), std::optional(in)}) {
            if (!at) {
                continue;
            }
            if (one.isolation.empty()) {
                one.isolation = text(*at, "IsolationMode");
                if (!one.isolation.empty()) {
                    out_.found.guess("functions[" + one.name + "].IsolationMode", one.isolation,
                                     where(at->at + "/IsolationMode"));
                }
            }
            if (const auto identity = object_of(*at, "RunAs"); identity && !one.uid && !one.gid) {
                one.uid = number(*identity, "Uid");
                one.gid = number(*identity, "Gid");
                out_.found.guess("functions[" + one.name + "].RunAs", "", where(identity->at));
            }
        }
    }

    void read_subscriptions(const place& definitions) {
        for (const auto& each : elements(definitions, "Subscriptions")) {
            note_unknown(each, {"Id", "Source", "Subject", "Target"});
            group_subscription one{text(each, "Id"), text(each, "Source"), text(each, "Subject"),
                                   text(each, "Target")};
            if (one.source.empty() || one.subject.empty() || one.target.empty()) {
                out_.found.fail(where(each.at),
                                "a subscription without Source, Subject or Target; left out");
                continue;
            }
            one.source = resolved(one.source, each.at + "/Source");
            one.target = resolved(one.target, each.at + "/Target");
            out_.subscriptions.push_back(std::move(one));
        }
    }

    // A function by its exact ARN, else the only version of it in the group (§5).
    std::string resolved(const std::string& end, const std::string& at) {
        const auto arn = parse_function_arn(end);
        if (!arn || arn->account.empty() ||
            std::ranges::any_of(out_.functions, [&](const auto& f) { return f.arn == end; })) {
            return end;
        }
        std::vector<std::string> alike;
        for (const auto& f : out_.functions) {
            const auto other = parse_function_arn(f.arn);
            if (other && other->unqualified() == arn->unqualified()) {
                alike.push_back(f.arn);
            }
        }
        if (alike.size() != 1) {
            out_.found.fail(where(at), "'" + end + "' is no function of the group" +
                                           (alike.empty() ? "" : ", and several versions fit"));
            return end;
        }
        out_.found.guess("subscription end " + end, alike.front(), where(at));
        return alike.front();
    }

    void read_loggers(const place& definitions) {
        for (const auto& each : elements(definitions, "Logging")) {
            note_unknown(each, {"Id", "Type", "Component", "Level", "Space"});
            out_.loggers.push_back({text(each, "Type"), text(each, "Component"),
                                    text(each, "Level"), number(each, "Space").value_or(128)});
        }
    }

    group_member* known_thing(std::string_view text) {
        for (auto* list : {&out_.cores, &out_.devices}) {
            for (auto& one : *list) {
                if (one.thing_arn == text || one.thing_name == text) {
                    return &one;
                }
            }
        }
        return nullptr;
    }

    void read_shadow_sync(const place& definitions) {
        std::string at;
        const auto* all = section(definitions, "ShadowSync", at);
        for (std::size_t i = 0; all != nullptr && i < all->size(); ++i) {
            const auto here = pointer(at, i);
            group_member* thing = nullptr;
            if (const auto* name = (*all)[i].if_string()) {
                thing = known_thing(*name);
            } else if (const auto* object = (*all)[i].if_object()) {
                for (const auto& each : *object) {
                    const auto* value = each.value().if_string();
                    if (thing == nullptr && value != nullptr) {
                        thing = known_thing(*value);
                    }
                }
            }
            if (thing == nullptr) {
                out_.found.warn(where(here),
                                "names no thing of the group: SyncShadow stays off for it");
                continue;
            }
            thing->sync_shadow = true;
            out_.found.guess("SyncShadow of " + thing->thing_name, "true", where(here));
        }
    }

    void read_fingerprints(const place& definitions) {
        std::string at;
        const auto* all = section(definitions, "ClientCertFingerprints", at);
        for (std::size_t i = 0; all != nullptr && i < all->size(); ++i) {
            collect_ids((*all)[i], 0);
        }
        if (out_.admitted_certificates.empty()) {
            return;
        }
        for (const auto& device : out_.devices) {
            if (!device.certificate_id.empty() &&
                std::ranges::find(out_.admitted_certificates, device.certificate_id) ==
                    out_.admitted_certificates.end()) {
                out_.found.warn(where(at), "the certificate of " + device.thing_name +
                                               " is not among the admitted ones");
            }
        }
    }

    void collect_ids(const json::value& in, int depth) {
        if (const auto* name = in.if_string()) {
            std::string id(*name);
            if (id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos) {
                out_.admitted_certificates.push_back(std::move(id));
            }
        } else if (const auto* object = in.if_object(); object != nullptr && depth < 3) {
            for (const auto& each : *object) {
                collect_ids(each.value(), depth + 1);
            }
        }
    }

    // Section and element are not known (§12.7): by their likely names, and said to be a guess.
    void read_connectors(const place& in) {
        for (const auto& each : elements(in, "Connectors")) {
            group_connector one;
            one.id = text(each, "Id");
            one.arn = text(each, "ConnectorArn");
            if (one.arn.empty()) {
                one.arn = text(each, "Arn");
            }
            if (one.arn.empty()) {
                out_.found.fail(where(each.at), "a connector without ARN; left out");
                continue;
            }
            if (const auto parameters = object_of(each, "Parameters")) {
                one.parameters = *parameters->object;
            }
            out_.found.guess("connectors[" + one.arn + "]", "", where(each.at));
            out_.connectors.push_back(std::move(one));
        }
    }

    void make_ids() {
        std::set<std::string> taken;
        for (const auto& one : out_.subscriptions) {
            taken.insert(one.id);
        }
        std::size_t next = 1;
        for (auto& one : out_.subscriptions) {
            if (one.id.empty()) {
                while (taken.contains(std::to_string(next))) {
                    ++next;
                }
                one.id = std::to_string(next++);
                out_.found.made("subscriptions[" + one.id + "].Id", one.id, "its number");
            }
        }
        next = 1;
        for (auto& one : out_.connectors) {
            if (one.id.empty()) {
                one.id = "connector-" + std::to_string(next++);
            }
        }
    }

    std::string file_;
    old_group& out_;
};

}  // namespace

std::string group_resource::secret_arn() const {
    return kind == "SecretsManagerSecretResourceData" ? string_member(data, "ARN").value_or("")
                                                      : "";
}

result<old_group> read_group_file(std::string_view text, std::string_view file) {
    const auto document = parse_document(text);
    if (!document) {
        return with_context(document.error(), std::string(file));
    }
    old_group group;
    reader(file, group).read(*document);
    return group;
}

}  // namespace evergrass::v1
