#include "contract/manifest.hpp"

#include "contract/fields.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"

#include <array>

namespace evergrass::contract {
namespace {

constexpr std::int64_t schema_version = 1;

constexpr std::array<std::string_view, 4> type_names = {"NewDeployment", "Redeployment",
                                                        "ResetDeployment", "ForceResetDeployment"};

// Reads each element of an array member with `read_one(reader) -> T`; the first fault ends it.
template <class T, class Read>
result<std::vector<T>> read_all(field_reader& parent, std::string_view name, Read read_one) {
    std::vector<T> all;
    const auto* elements = parent.array(name);
    if (!parent.outcome()) {
        return parent.outcome().error();
    }
    if (elements == nullptr) {
        return all;
    }
    for (std::size_t i = 0; i < elements->size(); ++i) {
        const auto place = parent.place(name) + "[" + std::to_string(i) + "]";
        const auto* object = (*elements)[i].if_object();
        if (object == nullptr) {
            return error{errc::invalid_input, "'" + place + "' is not an object"};
        }
        field_reader reader(*object, place);
        auto element = read_one(reader);
        if (!reader.outcome()) {
            return reader.outcome().error();
        }
        all.push_back(std::move(element));
    }
    return all;
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

group_member read_member(field_reader& in) {
    group_member member;
    member.id = in.text("id");
    member.thing_arn = in.required_text("thingArn");
    member.certificate_arn = in.required_text("certificateArn");
    member.sync_shadow = in.boolean("syncShadow", false);
    if (!thing_name_of(member.thing_arn)) {
        in.fail("thingArn", "is not a thing's ARN");
    }
    if (!certificate_id_of(member.certificate_arn)) {
        in.fail("certificateArn", "is not a certificate's ARN (…cert/ and 64 hexadecimal digits)");
    }
    return member;
}

resource_access read_access(field_reader& in) {
    return {in.required_text("resourceId"), in.text("permission")};
}

void read_environment(field_reader& in, function& f) {
    if (const auto* variables = in.object("variables")) {
        for (const auto& variable : *variables) {
            if (!variable.value().is_string()) {
                in.fail("variables", "holds a value that is not a string");
                return;
            }
            f.variables.emplace_back(variable.key(), variable.value().get_string());
        }
    }
    auto resources = read_all<resource_access>(in, "resources", read_access);
    if (!resources) {
        in.fail("resources", "is not valid (" + resources.error().message() + ")");
        return;
    }
    f.resources = std::move(*resources);
    f.access_sysfs = in.boolean("accessSysfs", false);
}

std::optional<std::int64_t> read_id(field_reader& in, std::string_view name) {
    const auto id = in.integer(name, -1);
    return id < 0 ? std::nullopt : std::optional(id);
}

template <class T>
T read_choice(field_reader& in, std::string_view name, std::string_view first, T first_value,
              std::string_view second, T second_value) {
    const auto text = in.text(name, first);
    if (text != first && text != second) {
        in.fail(name, "is neither " + std::string(first) + " nor " + std::string(second));
    }
    return text == second ? second_value : first_value;
}

function read_function(field_reader& in) {
    function f;
    f.id = in.text("id");
    f.arn = in.required_text("arn");
    f.runtime = in.text("runtime");
    f.handler = in.text("handler");
    f.description = in.text("description");
    f.code_sha256 = in.text("codeSha256");
    f.artifact = in.text("artifact");
    f.code_size = in.integer("codeSize", 0);
    f.pinned = in.boolean("pinned", false);
    f.timeout_seconds = in.integer("timeoutSeconds", 3);
    f.memory_size_kb = in.integer("memorySizeKb", 16384);
    f.encoding_type =
        read_choice(in, "encodingType", "json", encoding::json, "binary", encoding::binary);
    f.executable = in.text("executable");
    f.exec_args = in.text("execArgs");
    read_environment(in, f);
    f.isolation_mode =
        read_choice(in, "isolationMode", "GreengrassContainer", isolation::greengrass_container,
                    "NoContainer", isolation::no_container);
    f.identity = {read_id(in, "uid"), read_id(in, "gid")};
    const auto arn = parse_function_arn(f.arn);
    if (!arn) {
        in.fail("arn", "is not a function's ARN");
    } else if (arn->qualifier == "$LATEST" || (arn->qualifier.empty() && !arn->account.empty())) {
        in.fail("arn", "does not name a numbered version");
    }
    if (!f.artifact.empty() && !is_sha256(f.artifact)) {
        in.fail("artifact", "is not a SHA-256 in 64 hexadecimal digits");
    }
    if (f.timeout_seconds < 1) {
        in.fail("timeoutSeconds", "is less than 1");
    }
    return f;
}

delivered_file read_file_entry(field_reader& in) {
    delivered_file f;
    const auto what = in.required_text("what");
    if (what == "model") {
        f.what = delivery::model;
        f.resource_id = in.required_text("resourceId");
    } else if (what != "secrets") {
        in.fail("what", "is not one of secrets, model");
    }
    f.artifact = in.required_text("artifact");
    f.size = in.integer("size", 0);
    if (!is_sha256(f.artifact)) {
        in.fail("artifact", "is not a SHA-256 in 64 hexadecimal digits");
    }
    return f;
}

subscription read_subscription(field_reader& in) {
    return {in.text("id"), in.required_text("source"), in.required_text("subject"),
            in.required_text("target")};
}

logger_setting read_logger(field_reader& in) {
    return {in.text("id"), in.required_text("component"), in.required_text("level"),
            in.required_text("type"), in.integer("spaceKb", 128)};
}

deployment_type read_type(field_reader& in) {
    const auto name = in.required_text("deploymentType");
    for (std::size_t i = 0; i < type_names.size(); ++i) {
        if (name == type_names[i]) {
            return static_cast<deployment_type>(i);
        }
    }
    in.fail("deploymentType",
            "is not one of NewDeployment, Redeployment, ResetDeployment, "
            "ForceResetDeployment");
    return deployment_type::new_deployment;
}

json::object to_json(const group_member& member) {
    return {{"id", member.id},
            {"thingArn", member.thing_arn},
            {"certificateArn", member.certificate_arn},
            {"syncShadow", member.sync_shadow}};
}

json::object to_json(const function& f) {
    json::object variables;
    for (const auto& [name, value] : f.variables) {
        variables[name] = value;
    }
    json::array resources;
    for (const auto& access : f.resources) {
        resources.push_back(
            json::object{{"resourceId", access.resource_id}, {"permission", access.permission}});
    }
    json::object out{
        {"id", f.id},
        {"arn", f.arn},
        {"runtime", f.runtime},
        {"handler", f.handler},
        {"description", f.description},
        {"codeSha256", f.code_sha256},
        {"artifact", f.artifact},
        {"codeSize", f.code_size},
        {"pinned", f.pinned},
        {"timeoutSeconds", f.timeout_seconds},
        {"memorySizeKb", f.memory_size_kb},
        {"encodingType", f.encoding_type == encoding::json ? "json" : "binary"},
        {"executable", f.executable},
        {"execArgs", f.exec_args},
        {"variables", std::move(variables)},
        {"resources", std::move(resources)},
        {"accessSysfs", f.access_sysfs},
        {"isolationMode",
         f.isolation_mode == isolation::no_container ? "NoContainer" : "GreengrassContainer"}};
    if (f.identity.uid) {
        out["uid"] = *f.identity.uid;
    }
    if (f.identity.gid) {
        out["gid"] = *f.identity.gid;
    }
    return out;
}

json::object to_json(const delivered_file& f) {
    json::object out{{"what", f.what == delivery::model ? "model" : "secrets"},
                     {"artifact", f.artifact},
                     {"size", f.size}};
    if (f.what == delivery::model) {
        out["resourceId"] = f.resource_id;
    }
    return out;
}

json::object to_json(const subscription& s) {
    return {{"id", s.id}, {"source", s.source}, {"subject", s.subject}, {"target", s.target}};
}

json::object to_json(const logger_setting& l) {
    return {{"id", l.id},
            {"component", l.component},
            {"level", l.level},
            {"type", l.type},
            {"spaceKb", l.space_kb}};
}

template <class T>
json::array to_json_array(const std::vector<T>& all) {
    json::array out;
    for (const auto& one : all) {
        out.push_back(to_json(one));
    }
    return out;
}

}  // namespace

std::string_view to_string(deployment_type type) {
    return type_names[static_cast<std::size_t>(type)];
}

std::string group_member::thing_name() const {
    return thing_name_of(thing_arn).value();
}

std::string group_member::certificate_id() const {
    return certificate_id_of(certificate_arn).value();
}

bool function::operator==(const function& other) const {
    return to_json(*this) == to_json(other);
}

bool manifest::is_reset() const {
    return type == deployment_type::reset || type == deployment_type::force_reset;
}

result<manifest> parse_manifest(std::string_view text) {
    auto document = parse_json(text);
    if (!document) {
        return with_context(document.error(), "the deployment manifest");
    }
    const auto* object = document->if_object();
    if (object == nullptr) {
        return error{errc::invalid_input, "the deployment manifest is not a JSON object"};
    }
    field_reader in(*object, "");
    if (const auto schema = in.integer("schema", 0); schema != schema_version) {
        return error{errc::unsupported, "the deployment manifest has schema " +
                                            std::to_string(schema) +
                                            ", this core reads schema 1: update the core"};
    }
    manifest m;
    m.deployment_id = in.required_text("deploymentId");
    m.type = read_type(in);
    m.created_at = in.text("createdAt");
    m.account = in.text("account");
    m.region = in.text("region");
    m.group_id = in.required_text("groupId");
    m.group_name = in.text("groupName");
    m.group_version_arn = in.text("groupVersionArn");
    if (const auto* core = in.object("core")) {
        field_reader core_reader(*core, "core");
        m.core = read_member(core_reader);
        if (!core_reader.outcome()) {
            return core_reader.outcome().error();
        }
    } else {
        in.fail("core", "is missing");
    }
    auto devices = read_all<group_member>(in, "devices", read_member);
    auto functions = read_all<function>(in, "functions", read_function);
    auto subscriptions = read_all<subscription>(in, "subscriptions", read_subscription);
    auto loggers = read_all<logger_setting>(in, "loggers", read_logger);
    auto files = read_all<delivered_file>(in, "files", read_file_entry);
    if (!in.outcome()) {
        return in.outcome().error();
    }
    if (!files) {
        return files.error();
    }
    if (!devices) {
        return devices.error();
    }
    if (!functions) {
        return functions.error();
    }
    if (!subscriptions) {
        return subscriptions.error();
    }
    if (!loggers) {
        return loggers.error();
    }
    m.devices = std::move(*devices);
    m.functions = std::move(*functions);
    m.subscriptions = std::move(*subscriptions);
    m.loggers = std::move(*loggers);
    m.files = std::move(*files);
    if (const auto* resources = in.array("resources")) {
        m.resources = *resources;
    }
    if (auto setting = parse_credential_setting(in.text("credentials", "service"))) {
        m.credentials = std::move(*setting);
    } else {
        in.fail("credentials", "is not valid (" + setting.error().context + ")");
    }
    if (const auto* authorities = in.array("groupCas")) {
        for (const auto& pem : *authorities) {
            if (!pem.is_string()) {
                in.fail("groupCas", "holds a value that is not a string");
                break;
            }
            m.group_cas.emplace_back(pem.get_string());
        }
    }
    m.certificate_expiry_ms = in.integer("certificateExpiryMs", default_certificate_expiry_ms);
    if (m.certificate_expiry_ms < default_certificate_expiry_ms ||
        m.certificate_expiry_ms > longest_certificate_expiry_ms) {
        in.fail("certificateExpiryMs", "is not 7 to 30 days");
    }
    if (!in.outcome()) {
        return in.outcome().error();
    }
    return m;
}

std::string to_json_text(const manifest& m) {
    json::array authorities;
    for (const auto& pem : m.group_cas) {
        authorities.emplace_back(pem);
    }
    json::object out{{"schema", schema_version},
                     {"deploymentId", m.deployment_id},
                     {"deploymentType", to_string(m.type)},
                     {"createdAt", m.created_at},
                     {"account", m.account},
                     {"region", m.region},
                     {"groupId", m.group_id},
                     {"groupName", m.group_name},
                     {"groupVersionArn", m.group_version_arn},
                     {"core", to_json(m.core)},
                     {"devices", to_json_array(m.devices)},
                     {"functions", to_json_array(m.functions)},
                     {"subscriptions", to_json_array(m.subscriptions)},
                     {"loggers", to_json_array(m.loggers)},
                     {"resources", m.resources},
                     {"groupCas", std::move(authorities)}};
    if (!m.files.empty()) {
        out["files"] = to_json_array(m.files);
    }
    if (m.credentials != credential_setting()) {
        out["credentials"] = to_string(m.credentials);
    }
    if (m.certificate_expiry_ms != default_certificate_expiry_ms) {
        out["certificateExpiryMs"] = m.certificate_expiry_ms;
    }
    return json::serialize(out);
}

}  // namespace evergrass::contract
