#include "contract/manifest.hpp"

// The shape is that of spec/on-disk.md §3: one flat document with sections of {ref, Content}.
namespace evergrass::contract {
namespace {

json::object section(json::array content) {
    return {{"ref", nullptr}, {"Content", std::move(content)}};
}

// One element of a container of resources has one member, whose name is the kind.
std::string resource_type(std::string_view member) {
    if (member == "LocalVolumeResourceData") {
        return "LOCAL_VOLUME";
    }
    if (member == "LocalDeviceResourceData") {
        return "LOCAL_DEVICE";
    }
    if (member == "S3MachineLearningModelResourceData") {
        return "S3_MACHINE_LEARNING_MODEL";
    }
    if (member == "SageMakerMachineLearningModelResourceData") {
        return "SAGEMAKER_MACHINE_LEARNING_MODEL";
    }
    return "SECRETS_MANAGER_SECRET";
}

json::array resources_of(const manifest& m) {
    json::array content;
    for (const auto& resource : m.resources) {
        const auto* object = resource.if_object();
        const auto* container =
            object != nullptr ? object_member(*object, "ResourceDataContainer") : nullptr;
        if (container == nullptr || container->empty()) {
            continue;
        }
        const auto& kind = *container->begin();
        json::object data{{"type", kind.key()}};
        if (const auto* members = kind.value().if_object()) {
            for (const auto& member : *members) {
                data[member.key()] = member.value();
            }
        }
        content.push_back(json::object{{"Id", string_member(*object, "Id").value_or("")},
                                       {"Type", resource_type(kind.key())},
                                       {"Data", std::move(data)}});
    }
    return content;
}

json::object environment_of(const function& f) {
    json::object variables;
    for (const auto& [name, value] : f.variables) {
        variables[name] = value;
    }
    json::object environment{{"Variables", std::move(variables)}};
    if (!f.resources.empty()) {
        json::array policies;
        for (const auto& access : f.resources) {
            policies.push_back(json::object{{"ResourceId", access.resource_id},
                                            {"Permission", access.permission}});
        }
        environment["ResourceAccessPolicies"] = std::move(policies);
    }
    if (f.access_sysfs) {
        environment["AccessSysfs"] = true;
    }
    json::object execution{{"IsolationMode", f.isolation_mode == isolation::no_container
                                                 ? "NoContainer"
                                                 : "GreengrassContainer"}};
    if (f.identity.uid || f.identity.gid) {
        json::object identity;
        if (f.identity.uid) {
            identity["Uid"] = *f.identity.uid;
        }
        if (f.identity.gid) {
            identity["Gid"] = *f.identity.gid;
        }
        execution["RunAs"] = std::move(identity);
    }
    environment["Execution"] = std::move(execution);
    return environment;
}

json::array functions_of(const manifest& m) {
    json::array content;
    for (const auto& f : m.functions) {
        json::object settings{
            {"Priority", 1},
            {"Pinned", f.pinned},
            {"Description", f.description},
            {"Handler", f.handler},
            {"Runtime", f.runtime},
            {"MemorySize", f.memory_size_kb},
            {"Timeout", f.timeout_seconds},
            {"EncodingType", f.encoding_type == encoding::json ? "json" : "binary"},
            {"Environment", environment_of(f)}};
        if (!f.executable.empty()) {
            settings["Executable"] = f.executable;
        }
        if (!f.exec_args.empty()) {
            settings["ExecArgs"] = f.exec_args;
        }
        json::object element{{"FunctionArn", f.arn}};
        if (!f.artifact.empty()) {
            settings["CodeSha256"] = f.code_sha256;
            settings["CodeSize"] = f.code_size;
            // The group version's ARN is …/groups/ID/versions/V; V1's artifacts hang off the group.
            const auto group =
                m.group_version_arn.substr(0, m.group_version_arn.find("/versions/"));
            element["ArtifactArn"] =
                group + "/deployments/" + m.deployment_id + "/artifacts/lambda/" + f.artifact;
        }
        element["DeploymentConfiguration"] = std::move(settings);
        content.push_back(std::move(element));
    }
    return content;
}

}  // namespace

std::string to_group_json(const manifest& m) {
    json::array devices;
    json::array synced;
    json::array fingerprints;
    for (const auto& device : m.devices) {
        devices.push_back(
            json::object{{"thingArn", device.thing_arn}, {"certArn", device.certificate_arn}});
        fingerprints.emplace_back(device.certificate_id());
        if (device.sync_shadow) {
            synced.emplace_back(device.thing_arn);
        }
    }
    if (m.core.sync_shadow) {
        synced.emplace_back(m.core.thing_arn);
    }
    json::array subscriptions;
    for (const auto& s : m.subscriptions) {
        subscriptions.push_back(json::object{
            {"Id", s.id}, {"Source", s.source}, {"Subject", s.subject}, {"Target", s.target}});
    }
    json::array logging;
    for (const auto& l : m.loggers) {
        logging.push_back(json::object{{"Type", l.type},
                                       {"Component", l.component},
                                       {"Level", l.level},
                                       {"Space", l.space_kb}});
    }
    json::object definitions{
        {"Resources", section(resources_of(m))},
        {"Lambdas", section(functions_of(m))},
        {"Subscriptions", section(std::move(subscriptions))},
        {"Logging", json::object{{"Content", std::move(logging)}}},
        {"ShadowSync", section(std::move(synced))},
        {"ClientCertFingerprints", json::object{{"Content", std::move(fingerprints)}}}};
    const json::object document{
        {"$Schema", nullptr},
        {"Arn", m.group_version_arn},
        {"Version", nullptr},
        {"Region", m.region},
        {"Cores", json::array{json::object{{"thingArn", m.core.thing_arn},
                                           {"certArn", m.core.certificate_arn}}}},
        {"Devices", std::move(devices)},
        {"GroupDefinitions", std::move(definitions)}};
    return to_pretty_json(document);
}

}  // namespace evergrass::contract
