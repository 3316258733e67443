#include "libs/v1_core/import_request.hpp"

#include "libs/aws/s3_uri.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace evergrass::v1 {
namespace {

// AWS's console gave every core and device a policy like this. The one that a fleet had is not on
// its disks.
constexpr std::string_view policy_name = "greengrass-v1-adopted";
constexpr std::string_view policy_document =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iot:Connect","iot:Publish","iot:Subscribe","iot:Receive","iot:GetThingShadow","iot:UpdateThingShadow","iot:DeleteThingShadow","greengrass:*"],"Resource":["*"]}]})";

struct names {
    std::string partition = "aws";
    std::string region;
    std::string account;
    std::string arn(std::string_view service, const std::string& resource) const {
        return "arn:" + partition + ":" + std::string(service) + ":" + region + ":" + account +
               ":" + resource;
    }
};

std::string without_core(std::string name) {
    for (const std::string_view tail : {"_Core", "-Core", "_core", "-core", "Core"}) {
        if (name.size() > tail.size() && name.ends_with(tail)) {
            name.resize(name.size() - tail.size());
            return name;
        }
    }
    return name;
}

class planner {
public:
    planner(const old_core& core, const import_choices& choices) : core_(core), choices_(choices) {}

    result<import_plan> plan() {
        if (auto named = name_everything(); !named) {
            return named.error();
        }
        if (!core_.group) {
            plan_.unknown.push_back(
                "devices, subscriptions, loggers and resources: there is no "
                "group.json that holds a group");
        }
        plan_.unknown.push_back(
            "the role of the group, tags, and names of aliases: V1 kept them in "
            "the cloud alone");
        plan_.unknown.push_back("the policies of certificates: all get '" +
                                std::string(policy_name) + "', which is wide; narrow it");
        plan_.unknown.push_back(
            "the group CA's key was never on the core: the group gets a new CA. Devices that "
            "discover get it by discovery; one that has the old CA in its files needs `evergrass "
            "device bundle`");
        if (!core_.streams.empty()) {
            plan_.unknown.push_back(
                "what the streams in " + core_.stream_store.string() +
                " hold: their form is not published. --switch copies them, unread, beside "
                "Evergrass's core");
        }
        add_members();
        add_functions();
        add_subscriptions();
        add_loggers();
        add_resources();
        add_connectors();
        add_group();
        add_deployment();
        return std::move(plan_);
    }

private:
    result<void> name_everything() {
        const auto* group = core_.group ? &*core_.group : nullptr;
        const auto* config = core_.config && core_.config->configured ? &*core_.config : nullptr;
        if (group == nullptr && config == nullptr) {
            return error{errc::invalid_input,
                         core_.places.root.string() +
                             " does not tell which core it was: config.json is "
                             "not configured, and no group.json holds a group"};
        }
        if (config != nullptr) {
            names_ = {config->partition, config->region, config->account};
        }
        if (group != nullptr && !group->account.empty()) {
            names_ = {group->partition, group->region, group->account};
        }
        core_thing_ = group != nullptr
                          ? group->cores.front()
                          : group_member{config->thing_arn, config->thing_name, "", "", false};
        if (core_thing_.certificate_id.empty() && !core_.certificate_id.empty()) {
            core_thing_.certificate_id = core_.certificate_id;
            core_thing_.certificate_arn = names_.arn("iot", "cert/" + core_.certificate_id);
        }
        if (group != nullptr && !group->group_id.empty()) {
            plan_.group_id = group->group_id;
            plan_.group_version = group->version_id;
        } else {
            plan_.group_id = name_uuid(core_thing_.thing_arn + " group");
            plan_.group_version = name_uuid(core_thing_.thing_arn + " version");
            plan_.found.made("group.Id", plan_.group_id, "by the core thing's ARN");
        }
        plan_.group_name = choices_.group_name.empty() ? without_core(core_thing_.thing_name)
                                                       : choices_.group_name;
        plan_.found.made(
            "group.Name", plan_.group_name,
            choices_.group_name.empty() ? "the core thing's name without _Core" : "--name");
        return {};
    }

    // An id of this group's own that is the same for each import of it.
    std::string own_id(std::string_view what) const {
        return name_uuid(plan_.group_id + " " + std::string(what));
    }

    void add_definition(std::string_view kind, std::string_view reference, json::object content) {
        const auto id = own_id(kind);
        const auto version = own_id(std::string(kind) + json::serialize(content));
        plan_.found.made("definitions[" + std::string(kind) + "].Id", id, "by the group's id");
        group_content_[reference] =
            names_.arn("greengrass", "/greengrass/definition/" + std::string(kind) + "/" + id +
                                         "/versions/" + version);
        definitions_.push_back(json::object{{"kind", kind},
                                            {"id", id},
                                            {"version", version},
                                            {"name", plan_.group_name},
                                            {"content", std::move(content)}});
    }

    void add_certificate(const group_member& member) {
        json::object one{{"id", member.certificate_id},
                         {"things", json::array{json::value(member.thing_name)}}};
        if (member.certificate_id == core_.certificate_id) {
            one["pem"] = core_.certificate_pem;
        }
        if (const auto given = choices_.device_certificates.find(member.thing_name);
            given != choices_.device_certificates.end()) {
            one["pem"] = given->second;
        }
        if (!one.contains("pem")) {
            plan_.found.note(
                "certificate " + member.certificate_id.substr(0, 10) + "… of " + member.thing_name,
                "is known by its hash alone, which is how it is admitted; its text is "
                "not on the core");
        }
        certificates_.push_back(std::move(one));
        certificate_ids_.emplace_back(member.certificate_id);
    }

    json::object element(const group_member& member) {
        return {{"Id", member.thing_name},
                {"ThingArn", member.thing_arn},
                {"CertificateArn", member.certificate_arn},
                {"SyncShadow", member.sync_shadow}};
    }

    void add_members() {
        things_.push_back(json::object{{"name", core_thing_.thing_name}});
        if (!core_thing_.certificate_id.empty()) {
            add_certificate(core_thing_);
            add_definition("cores", "CoreDefinitionVersionArn",
                           {{"Cores", json::array{element(core_thing_)}}});
        } else {
            plan_.unknown.push_back("the core's certificate: give --certs");
        }
        json::array devices;
        for (const auto& device :
             core_.group ? core_.group->devices : std::vector<group_member>()) {
            things_.push_back(json::object{{"name", device.thing_name}});
            if (device.certificate_id.empty()) {
                plan_.unknown.push_back("the certificate of device " + device.thing_name +
                                        ": it is left out of the group");
                continue;
            }
            add_certificate(device);
            devices.push_back(element(device));
        }
        if (!devices.empty()) {
            add_definition("devices", "DeviceDefinitionVersionArn",
                           {{"Devices", std::move(devices)}});
        }
    }

    // Handler and runtime belong to the Lambda version; the rest to the group (§5).
    void add_lambda(const group_function& function) {
        std::int64_t version = 0;
        std::from_chars(function.version.data(), function.version.data() + function.version.size(),
                        version);
        if (version < 1) {
            plan_.found.fail(function.arn, "names no numbered version");
            return;
        }
        functions_.push_back(json::object{{"name", function.name},
                                          {"version", version},
                                          {"arn", function.arn},
                                          {"originalCodeSha256", function.code_sha256},
                                          {"configuration",
                                           {{"Runtime", function.runtime},
                                            {"Handler", function.handler},
                                            {"Description", function.description},
                                            {"Timeout", 3},
                                            {"MemorySize", 128},
                                            {"Architectures", {"x86_64"}}}}});
        plan_.found.made("lambda " + function.name + " Timeout, MemorySize", "3, 128",
                         "Lambda's defaults: the group's own values are the ones that count");
        if (const auto code = core_.code.find(function.arn); code != core_.code.end()) {
            plan_.packages.push_back({function.arn, code->second});
        }
    }

    static json::object environment_of(const group_function& function) {
        json::object environment;
        if (!function.variables.empty()) {
            json::object variables;
            for (const auto& [name, value] : function.variables) {
                variables[name] = value;
            }
            environment["Variables"] = std::move(variables);
        }
        if (!function.resources.empty()) {
            json::array policies;
            for (const auto& [id, permission] : function.resources) {
                json::object policy{{"ResourceId", id}};
                if (!permission.empty()) {
                    policy["Permission"] = permission;
                }
                policies.push_back(std::move(policy));
            }
            environment["ResourceAccessPolicies"] = std::move(policies);
        }
        if (function.access_sysfs) {
            environment["AccessSysfs"] = *function.access_sysfs;
        }
        json::object execution;
        if (!function.isolation.empty()) {
            execution["IsolationMode"] = function.isolation;
        }
        if (function.uid || function.gid) {
            json::object identity;
            if (function.uid) {
                identity["Uid"] = *function.uid;
            }
            if (function.gid) {
                identity["Gid"] = *function.gid;
            }
            execution["RunAs"] = std::move(identity);
        }
        if (!execution.empty()) {
            environment["Execution"] = std::move(execution);
        }
        return environment;
    }

    json::object configuration_of(const group_function& function) {
        json::object configuration{{"Pinned", function.pinned}};
        if (function.memory_kb) {
            configuration["MemorySize"] = *function.memory_kb;
        }
        if (function.timeout_seconds) {
            configuration["Timeout"] = *function.timeout_seconds;
        }
        for (const auto& [member, value] : {std::pair{"EncodingType", &function.encoding},
                                            std::pair{"ExecArgs", &function.exec_args},
                                            std::pair{"Executable", &function.executable}}) {
            if (!value->empty()) {
                configuration[member] = *value;
            }
        }
        if (auto environment = environment_of(function); !environment.empty()) {
            configuration["Environment"] = std::move(environment);
        }
        return configuration;
    }

    std::vector<group_function> functions_of_core() {
        if (core_.group) {
            return core_.group->functions;
        }
        // Only the folders of code are left: their names tell function and version (§11).
        std::vector<group_function> out;
        for (const auto& folder : core_.leftovers) {
            const auto text = arn_of_folder(folder);
            const auto arn = text ? parse_function_arn(*text)
                                  : result<function_arn>(error{errc::invalid_input, ""});
            if (!arn) {
                continue;
            }
            const auto given = choices_.functions.find(arn->name);
            if (given == choices_.functions.end()) {
                plan_.unknown.push_back("runtime and handler of " + *text +
                                        ", whose code is there: give --function " + arn->name +
                                        "=RUNTIME:HANDLER");
                continue;
            }
            group_function one;
            one.arn = *text;
            one.name = arn->name;
            one.version = arn->qualifier;
            one.runtime = given->second.first;
            one.handler = given->second.second;
            plan_.packages.push_back({one.arn, core_.deployment / "lambda" / folder});
            plan_.found.from("functions[" + one.name + "].FunctionArn", one.arn, folder);
            out.push_back(std::move(one));
        }
        return out;
    }

    void add_functions() {
        json::array elements;
        std::set<std::string> ids;
        for (const auto& function : functions_of_core()) {
            auto id = function.name;
            if (!ids.insert(id).second) {
                id += "-" + function.version;
                ids.insert(id);
            }
            plan_.found.made("functions[" + function.name + "].Id", id, "the function's name");
            elements.push_back(json::object{{"Id", id},
                                            {"FunctionArn", function.arn},
                                            {"FunctionConfiguration", configuration_of(function)}});
            if (!function.of_system) {
                add_lambda(function);
            }
        }
        if (!elements.empty()) {
            add_definition("functions", "FunctionDefinitionVersionArn",
                           {{"Functions", std::move(elements)}});
        }
    }

    void add_subscriptions() {
        json::array elements;
        for (const auto& s :
             core_.group ? core_.group->subscriptions : std::vector<group_subscription>()) {
            elements.push_back(json::object{
                {"Id", s.id}, {"Source", s.source}, {"Subject", s.subject}, {"Target", s.target}});
        }
        if (!elements.empty()) {
            add_definition("subscriptions", "SubscriptionDefinitionVersionArn",
                           {{"Subscriptions", std::move(elements)}});
        }
    }

    void add_loggers() {
        json::array elements;
        for (const auto& l : core_.group ? core_.group->loggers : std::vector<group_logger>()) {
            const auto id = std::to_string(elements.size() + 1);
            plan_.found.made("loggers[" + id + "].Id", id, "its number");
            elements.push_back(json::object{{"Id", id},
                                            {"Type", l.type},
                                            {"Component", l.component},
                                            {"Level", l.level},
                                            {"Space", l.space_kb}});
        }
        if (!elements.empty()) {
            add_definition("loggers", "LoggerDefinitionVersionArn",
                           {{"Loggers", std::move(elements)}});
        }
    }

    void add_secret(const std::string& arn) {
        const auto last = arn.rfind(':');
        auto name = arn.substr(last == std::string::npos ? 0 : last + 1);
        if (name.size() > 7 && name[name.size() - 7] == '-') {
            name.resize(name.size() - 7);  // the six characters behind every secret's name
        }
        for (const auto& key : {arn, name}) {
            if (const auto given = choices_.secrets.find(key); given != choices_.secrets.end()) {
                secrets_.push_back(json::object{{"arn", arn}, {"name", name}});
                plan_.secret_values.insert_or_assign(arn, given->second);
                return;
            }
        }
        plan_.missing_secrets.push_back(arn);
        plan_.unknown.push_back("the value of secret " + name + ": give --secret " + name +
                                "=@FILE");
    }

    std::optional<std::filesystem::path> source_of_model(const group_resource& r) {
        for (const auto& key : {r.id, r.name}) {
            if (const auto given = choices_.models.find(key); given != choices_.models.end()) {
                plan_.found.from("model of resource " + r.id, given->second.string(), "--model");
                return given->second;
            }
        }
        auto folder = folder_of_model(r, core_.group->resources, core_.models, plan_.found);
        std::error_code failed;
        if (folder && std::filesystem::is_empty(*folder, failed)) {
            plan_.found.warn(folder->string(), "is empty: the model is not there any more");
            return std::nullopt;
        }
        return folder;
    }

    // A model goes where its resource names an object. SageMaker's jobs are nowhere any more: what
    // one made becomes an object too, or the group could not be deployed.
    void add_model(group_resource& r) {
        const auto source = source_of_model(r);
        const auto uri = string_member(r.data, "S3Uri").value_or("");
        if (!source) {
            plan_.unknown.push_back("the archive of model " + r.id +
                                    ": which folder it is cannot be told; give --model " + r.id +
                                    "=FOLDER_OR_ARCHIVE, or put it at " +
                                    (uri.empty() ? "an object of the service" : uri) +
                                    " (docs/models.md)");
            return;
        }
        used_models_.insert(*source);
        auto at = aws::parse_s3_uri(uri);
        if (r.kind.starts_with("SageMaker")) {
            at = aws::object_name{"greengrass-v1-adopted",
                                  plan_.group_id + "/" + own_id("model " + r.id) + ".tar.gz"};
            r.kind = "S3MachineLearningModelResourceData";
            r.data["S3Uri"] = "s3://" + at->bucket + "/" + at->key;
            plan_.found.made(
                "resources[" + r.id + "].S3Uri", "s3://" + at->bucket + "/" + at->key,
                "in the place of " + string_member(r.data, "SageMakerJobArn").value_or("its job"));
            r.data.erase("SageMakerJobArn");
        }
        if (!at || !(at->key.ends_with(".tar.gz") || at->key.ends_with(".zip"))) {
            plan_.found.fail("resource " + r.id, "its S3Uri '" + uri +
                                                     "' names no object that ends with .tar.gz or "
                                                     ".zip: its model cannot be put there");
            return;
        }
        plan_.models.push_back({r.id, *source, at->bucket, at->key});
    }

    void tell_models_without_resource() {
        for (const auto& [name, folder] : core_.models) {
            if (!used_models_.contains(folder)) {
                plan_.unknown.push_back("whose model " + folder.string() +
                                        " is: it stays where it is (--model ID=" + folder.string() +
                                        ")");
            }
        }
    }

    void add_resources() {
        json::array elements;
        for (auto r : core_.group ? core_.group->resources : std::vector<group_resource>()) {
            if (const auto arn = r.secret_arn(); !arn.empty()) {
                add_secret(arn);
            }
            if (is_model(r)) {
                add_model(r);
            }
            elements.push_back(json::object{
                {"Id", r.id}, {"Name", r.name}, {"ResourceDataContainer", {{r.kind, r.data}}}});
        }
        tell_models_without_resource();
        if (!elements.empty()) {
            add_definition("resources", "ResourceDefinitionVersionArn",
                           {{"Resources", std::move(elements)}});
        }
    }

    void add_connectors() {
        json::array elements;
        for (const auto& c :
             core_.group ? core_.group->connectors : std::vector<group_connector>()) {
            elements.push_back(
                json::object{{"Id", c.id}, {"ConnectorArn", c.arn}, {"Parameters", c.parameters}});
        }
        if (!elements.empty()) {
            add_definition("connectors", "ConnectorDefinitionVersionArn",
                           {{"Connectors", std::move(elements)}});
        }
    }

    void add_group() {
        plan_.request = {
            {"format", 1},
            {"partition", names_.partition},
            {"region", names_.region},
            {"account", names_.account},
            {"things", std::move(things_)},
            {"certificates", std::move(certificates_)},
            {"policies", json::array{json::object{{"name", policy_name},
                                                  {"document", policy_document},
                                                  {"certificates", certificate_ids_}}}},
            {"functions", std::move(functions_)},
            {"secrets", std::move(secrets_)},
            {"definitions", std::move(definitions_)},
            {"group",
             {{"id", plan_.group_id},
              {"name", plan_.group_name},
              {"version", plan_.group_version},
              {"content", std::move(group_content_)}}}};
        plan_.found.made("policies[0].Name", std::string(policy_name),
                         "one for all that is adopted");
    }

    void add_deployment() {
        if (core_.group && !core_.group->deployment_id.empty()) {
            plan_.request["deployment"] = {{"id", core_.group->deployment_id},
                                           {"core", core_thing_.thing_name}};
        }
    }

    const old_core& core_;
    const import_choices& choices_;
    import_plan plan_;
    names names_;
    group_member core_thing_;
    std::set<std::filesystem::path> used_models_;
    json::array things_;
    json::array certificates_;
    json::array certificate_ids_;
    json::array functions_;
    json::array secrets_;
    json::array definitions_;
    json::object group_content_;
};

}  // namespace

std::string name_uuid(std::string_view name) {
    auto bytes = sha256(name).substr(0, 16);
    // RFC 9562 §5.8: version 8, a UUID by a rule of its maker.
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0f) | 0x80);
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3f) | 0x80);
    const auto hex = hex_encode(bytes);
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
           hex.substr(16, 4) + "-" + hex.substr(20);
}

result<import_plan> plan_import(const old_core& core, const import_choices& choices) {
    return planner(core, choices).plan();
}

secret_text request_text(const import_plan& plan) {
    json::value whole(plan.request, secret_storage());
    for (auto& each : whole.get_object()["secrets"].as_array()) {
        auto& secret = each.as_object();
        auto value = base64_encode(plan.secret_values.at(string_member(secret, "arn").value()));
        secret["value"] = value;
        wipe(value);
    }
    return to_secret_json(whole);
}

void set_package(import_plan& plan, const std::string& function_arn, const std::string& sha256) {
    for (auto& each : plan.request["functions"].as_array()) {
        auto& function = each.as_object();
        if (string_member(function, "arn") == function_arn) {
            function["package"] = sha256;
        }
    }
}

}  // namespace evergrass::v1
