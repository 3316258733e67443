#include "apps/evergrass/group_manifest.hpp"

#include "contract/bundle.hpp"
#include "contract/credential_setting.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace evergrass::cli {
namespace {

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

error unfit(std::string what) {
    return {errc::unsupported, std::move(what)};
}

// Lambda's version numbers are told by Lambda. This one is told by the code, so that other code is
// another version and both can lie on the core's disk at once.
std::string version_of(const std::string& sha256) {
    return std::to_string(std::stoul(sha256.substr(0, 7), nullptr, 16) + 1);
}

// A UUID's form, of a digest.
std::string id_of_content(const std::string& content) {
    const auto hex = sha256_hex(content);
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-8" +
           hex.substr(17, 3) + "-" + hex.substr(20, 12);
}

result<contract::group_member> member_of(const json::object& part, std::string_view section,
                                         const deployment_frame& frame) {
    const auto thing = text_of(part, "thing");
    auto certificate = text_of(part, "certificate");
    if (const auto known = frame.certificates.find(thing);
        certificate.empty() && known != frame.certificates.end()) {
        certificate = known->second;
    }
    if (certificate.empty()) {
        return unfit(std::string(section) + ": the certificate of '" + thing +
                     "' is not known here. Name it, 'certificate: certs/" + thing +
                     ".cert.pem' or its id, or put it at certificates/" + thing +
                     ".cert.pem beside the group file");
    }
    return contract::group_member{
        string_member(part, "id").value_or(thing), frame.whose.thing_arn(thing),
        frame.whose.certificate_arn(certificate), bool_member(part, "syncShadow").value_or(false)};
}

// Defaults: spec/core.md §5.
result<contract::function> function_of(const json::object& part, const json::object& defaults,
                                       const wanted_group& wanted, file_deployment& into,
                                       const group_file::owner& whose) {
    contract::function f;
    const auto key = group_file::key_of("functions", part);
    f.id = key;
    f.arn = text_of(part, "arn");
    const auto code = wanted.code.find(key);
    const bool is_system = f.arn.find(":lambda:::") != f.arn.npos;
    if (!is_system && code == wanted.code.end()) {
        return unfit("function '" + key +
                     "' has no code in the file: name a folder or a zip with 'code'. "
                     "evergrass group export --code DIR fetches what the service has");
    }
    if (!is_system) {
        f.artifact = sha256_hex(code->second.zip);
        f.code_size = static_cast<std::int64_t>(code->second.zip.size());
        f.code_sha256 = code->second.digest;
        f.arn = whose.function_arn(text_of(part, "name"), version_of(f.artifact));
        into.artifacts[f.artifact] = code->second.zip;
    }
    f.runtime = string_member(part, "runtimeOverride").value_or(text_of(part, "runtime"));
    f.handler = text_of(part, "handler");
    f.pinned = bool_member(part, "pinned").value_or(false);
    f.timeout_seconds = int_member(part, "timeoutSeconds").value_or(3);
    f.memory_size_kb = int_member(part, "memoryKb").value_or(16384);
    f.encoding_type = text_of(part, "encoding") == "binary" ? contract::encoding::binary
                                                            : contract::encoding::json;
    f.executable = text_of(part, "executable");
    f.exec_args = text_of(part, "arguments");
    f.access_sysfs = bool_member(part, "accessSysfs").value_or(false);
    if (const auto* variables = object_member(part, "environment")) {
        for (const auto& each : *variables) {
            f.variables.emplace_back(each.key(), each.value().get_string());
        }
    }
    if (const auto* access = object_member(part, "resources")) {
        for (const auto& each : *access) {
            f.resources.push_back({each.key(), std::string(each.value().get_string())});
        }
    }
    const auto own_or_group = [&](const char* name) {
        const auto own = int_member(part, name);
        return own ? own : int_member(defaults, name);
    };
    const auto mode = string_member(part, "isolation").value_or(text_of(defaults, "isolation"));
    f.isolation_mode = mode == "NoContainer" ? contract::isolation::no_container
                                             : contract::isolation::greengrass_container;
    f.identity = {own_or_group("uid"), own_or_group("gid")};
    return f;
}

result<void> add_functions(const wanted_group& wanted, const deployment_frame& frame,
                           file_deployment& into, group_file::bindings& bound) {
    const auto* found = object_member(wanted.group, "defaults");
    const auto defaults = found != nullptr ? *found : json::object();
    for (const auto* part : group_file::parts_of(wanted.group, "functions")) {
        auto made = function_of(*part, defaults, wanted, into, frame.whose);
        if (!made) {
            return made.error();
        }
        bound.functions[made->id] = made->arn;
        into.manifest.functions.push_back(std::move(*made));
    }
    return {};
}

// Each model with its archive; who may have it: docs/models.md.
result<void> add_models(const wanted_group& wanted, const deployment_frame& frame,
                        file_deployment& into) {
    std::set<std::string> models;
    for (const auto* part : group_file::parts_of(wanted.group, "resources")) {
        const auto id = text_of(*part, "id");
        if (part->contains("sageMakerModel")) {
            return unfit("resource '" + id +
                         "' is a model of SageMaker, which is not here: fetch the job's archive "
                         "and name it, 'model: {path: FILE, destination: …}'");
        }
        if (!part->contains("model")) {
            continue;
        }
        const auto here = wanted.models.find(id);
        const auto brought = frame.models.find(id);
        if (here == wanted.models.end() && brought == frame.models.end()) {
            return unfit("resource '" + id +
                         "' is a model in S3: name its archive on this machine, 'model: {path: "
                         "FILE, destination: …}'. evergrass group export --code DIR fetches what "
                         "the service has");
        }
        const auto& archive = here != wanted.models.end() ? here->second : brought->second;
        into.artifacts[archive.sha256] = archive.bytes;
        into.manifest.files.push_back({contract::delivery::model, id, archive.sha256,
                                       static_cast<std::int64_t>(archive.bytes.size())});
        models.insert(id);
    }
    for (const auto& f : into.manifest.functions) {
        for (const auto& access : f.resources) {
            if (!models.contains(access.resource_id)) {
                continue;
            }
            if (f.isolation_mode == contract::isolation::no_container) {
                return unfit("function '" + f.id + "' has isolation NoContainer and the model '" +
                             access.resource_id +
                             "': models are there for functions in a container alone");
            }
            if (access.permission == "rw") {
                return unfit("function '" + f.id + "' has 'rw' on the model '" +
                             access.resource_id + "': models are 'ro'");
            }
        }
    }
    return {};
}

result<void> add_secrets(const deployment_frame& frame, file_deployment& into) {
    if (frame.secrets.empty()) {
        return {};
    }
    auto sealed = seal_secrets(frame.secrets, frame.core_certificate);
    if (!sealed) {
        return sealed.error();
    }
    const auto sha256 = sha256_hex(*sealed);
    into.manifest.files.push_back(
        {contract::delivery::secrets, "", sha256, static_cast<std::int64_t>(sealed->size())});
    into.artifacts[sha256] = std::move(*sealed);
    return {};
}

result<void> check_connectors(const json::object& group) {
    if (!group_file::parts_of(group, "connectors").empty()) {
        return unfit("the group has connectors, which Evergrass does not deploy: remove them");
    }
    return {};
}

// Without any, V1 logs both components to files (spec/cloud.md §1.3).
std::vector<contract::logger_setting> loggers_of(const json::object& group) {
    std::vector<contract::logger_setting> loggers;
    for (const auto* part : group_file::parts_of(group, "loggers")) {
        loggers.push_back(
            {string_member(*part, "id").value_or(group_file::key_of("loggers", *part)),
             text_of(*part, "component"), text_of(*part, "level"),
             string_member(*part, "type").value_or("FileSystem"),
             int_member(*part, "spaceKb").value_or(128)});
    }
    if (loggers.empty()) {
        loggers = {{"default-system", "GreengrassSystem", "INFO", "FileSystem", 128},
                   {"default-lambda", "Lambda", "INFO", "FileSystem", 128}};
    }
    return loggers;
}

}  // namespace

result<std::map<std::string, std::string>> certificates_beside(const wanted_group& wanted) {
    std::map<std::string, std::string> found;
    for (const auto* section : {"core", "devices"}) {
        for (const auto* part : group_file::parts_of(wanted.group, section)) {
            const auto thing = text_of(*part, "thing");
            const auto file = wanted.file.parent_path() / "certificates" / (thing + ".cert.pem");
            std::error_code missing;
            if (part->contains("certificate") || !std::filesystem::exists(file, missing)) {
                continue;
            }
            const auto pem = read_file(file, 1024 * 1024);
            if (!pem) {
                return pem.error();
            }
            const auto read = pki::read_certificate(*pem);
            if (!read) {
                return with_context(read.error(), file.string());
            }
            found[thing] = read->id;
        }
    }
    return found;
}

result<file_deployment> make_deployment(const wanted_group& wanted, const deployment_frame& frame) {
    const auto& group = wanted.group;
    if (auto checked = check_connectors(group); !checked) {
        return checked.error();
    }
    file_deployment made;
    auto& m = made.manifest;
    m.account = frame.whose.account;
    m.region = frame.whose.region;
    m.group_id = frame.group_id;
    m.group_name = text_of(group, "group");
    m.group_version_arn = frame.group_version_arn;
    m.group_cas = frame.group_cas;
    const auto cores = group_file::parts_of(group, "core");
    if (cores.empty()) {
        return unfit("the group has no core: add 'core: {thing: NAME}'");
    }
    auto core = member_of(*cores[0], "core", frame);
    if (!core) {
        return core.error();
    }
    m.core = std::move(*core);
    group_file::bindings bound{frame.whose, {}, frame.certificates};
    bound.secrets = frame.secret_arns;
    for (const auto* part : group_file::parts_of(group, "devices")) {
        auto device = member_of(*part, "devices", frame);
        if (!device) {
            return device.error();
        }
        m.devices.push_back(std::move(*device));
    }
    if (auto added = add_functions(wanted, frame, made, bound); !added) {
        return added.error();
    }
    for (const auto* part : group_file::parts_of(group, "subscriptions")) {
        m.subscriptions.push_back(
            {string_member(*part, "id").value_or(group_file::subscription_id(*part)),
             group_file::endpoint_to_api(group, bound, text_of(*part, "from")),
             text_of(*part, "subject"),
             group_file::endpoint_to_api(group, bound, text_of(*part, "to"))});
    }
    m.loggers = loggers_of(group);
    const auto versions = group_file::to_api(group, bound);
    if (const auto* resources = object_member(versions, "resources")) {
        m.resources = resources->at("Resources").get_array();
    }
    for (const auto& added : {add_models(wanted, frame, made), add_secrets(frame, made)}) {
        if (!added) {
            return added.error();
        }
    }
    if (const auto* tags = object_member(group, "tags")) {
        if (const auto told = string_member(*tags, contract::credentials_tag)) {
            auto setting = contract::parse_credential_setting(*told);
            if (!setting) {
                return with_context(setting.error(),
                                    "tags." + std::string(contract::credentials_tag));
            }
            m.credentials = std::move(*setting);
        }
    }
    m.certificate_expiry_ms =
        int_member(group, "certificateExpiryMs").value_or(contract::default_certificate_expiry_ms);
    m.deployment_id = id_of_content(contract::to_json_text(m));
    m.created_at = format_iso8601(frame.now);
    // The core reads it by the same rules: what it would refuse is found here.
    if (const auto read = contract::parse_manifest(contract::to_json_text(m)); !read) {
        return with_context(read.error(), "the group");
    }
    return made;
}

std::string bundle_text(const file_deployment& made, const contract::signed_manifest& sealed) {
    auto text = contract::bundle_head(sealed);
    for (const auto& [sha256, content] : made.artifacts) {
        text += contract::bundle_artifact_line(sha256, content.size());
        text += content;
        text += contract::bundle_artifact_end;
    }
    text += contract::bundle_end;
    return text;
}

}  // namespace evergrass::cli
