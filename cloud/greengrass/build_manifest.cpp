#include "cloud/greengrass/build_manifest.hpp"

#include "cloud/greengrass/deliver_models.hpp"
#include "cloud/greengrass/deliver_secrets.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/greengrass/local_authority_setting.hpp"
#include "cloud/greengrass/registration.hpp"
#include "cloud/greengrass/resolve_functions.hpp"
#include "cloud/greengrass/tags.hpp"

#include <set>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

contract::group_member as_member(const json::object& element) {
    return {string_member(element, "Id").value_or(""),
            string_member(element, "ThingArn").value_or(""),
            string_member(element, "CertificateArn").value_or(""),
            bool_member(element, "SyncShadow").value_or(false)};
}

std::vector<contract::group_member> devices_of(greengrass_services& in,
                                               const group_contents& contents, build_log& log) {
    std::vector<contract::group_member> devices;
    std::set<std::string> things;
    for (const auto* element : contents.elements("devices")) {
        auto device = as_member(*element);
        const auto fault = registration_fault(in, device, "Device '" + device.id + "'");
        if (!log.read(fault)) {
            return devices;
        }
        if (*fault) {
            log.fault((*fault)->code, (*fault)->message);
        }
        if (!things.insert(device.thing_arn).second) {
            log.fault("DuplicateDevice",
                      "The group has the device '" + device.thing_arn + "' more than once.");
        }
        devices.push_back(std::move(device));
    }
    return devices;
}

// A device whose certificate was deactivated or revoked stays in the group, with its subscriptions,
// and is not admitted by the core from this deployment on.
void leave_out_revoked(greengrass_services& in, std::vector<contract::group_member>& devices,
                       build_log& log) {
    std::erase_if(devices, [&](const auto& device) {
        const auto active = has_active_certificate(in, device);
        return log.read(active) && !*active;
    });
}

// What may stand at either end of a subscription.
class endpoints {
public:
    endpoints(greengrass_services& in, const upstream_finds& finds,
              const std::vector<contract::group_member>& devices,
              const resolved_functions& functions)
        : in_(in), finds_(finds), functions_(functions) {
        for (const auto& device : devices) {
            things_.insert(device.thing_arn);
        }
    }

    // As the core knows it: a function by its version. nullopt when the group doesn't have it.
    result<std::optional<std::string>> find(const std::string& named) const {
        if (named == "cloud" || named == "GGShadowService" || things_.contains(named)) {
            return std::optional(named);
        }
        if (const auto known = functions_.version_arns.find(named);
            known != functions_.version_arns.end()) {
            return std::optional(known->second);
        }
        // The group may name the function by its version and the subscription by an alias of it.
        const auto lookup = find_published_version(in_, finds_, named);
        if (!lookup) {
            return lookup.error();
        }
        if (lookup->found && functions_.version_arns.contains(lookup->found->arn)) {
            return std::optional(lookup->found->arn);
        }
        return std::optional<std::string>();
    }

private:
    greengrass_services& in_;
    const upstream_finds& finds_;
    const resolved_functions& functions_;
    std::set<std::string, std::less<>> things_;
};

std::string endpoint_of(const endpoints& known, const json::object& subscription,
                        std::string_view member, build_log& log) {
    const auto named = string_member(subscription, member).value_or("");
    const auto found = known.find(named);
    if (!log.read(found)) {
        return {};
    }
    if (!*found) {
        log.fault("NotAMember", "Subscription '" + string_member(subscription, "Id").value_or("") +
                                    "': " + std::string(member) + " '" + named +
                                    "' is not in the group; add it to the group's devices or "
                                    "functions, or remove the subscription.");
    }
    return found->value_or("");
}

std::vector<contract::subscription> subscriptions_of(const group_contents& contents,
                                                     const endpoints& known, build_log& log) {
    std::vector<contract::subscription> subscriptions;
    for (const auto* element : contents.elements("subscriptions")) {
        contract::subscription made;
        made.id = string_member(*element, "Id").value_or("");
        made.source = endpoint_of(known, *element, "Source", log);
        made.subject = string_member(*element, "Subject").value_or("");
        made.target = endpoint_of(known, *element, "Target", log);
        subscriptions.push_back(std::move(made));
    }
    return subscriptions;
}

// Without any, V1 logs both components to files (spec/cloud.md §1.3).
std::vector<contract::logger_setting> loggers_of(const group_contents& contents) {
    std::vector<contract::logger_setting> loggers;
    for (const auto* element : contents.elements("loggers")) {
        loggers.push_back({string_member(*element, "Id").value_or(""),
                           string_member(*element, "Component").value_or(""),
                           string_member(*element, "Level").value_or(""),
                           string_member(*element, "Type").value_or(""),
                           int_member(*element, "Space").value_or(128)});
    }
    if (loggers.empty()) {
        loggers = {{"default-system", "GreengrassSystem", "INFO", "FileSystem", 128},
                   {"default-lambda", "Lambda", "INFO", "FileSystem", 128}};
    }
    return loggers;
}

// So that a wrong one is heard of at the deployment, not when the core asks.
void check_local_authority(greengrass_services& in, const std::string& group_id, build_log& log) {
    const auto tags = tags_of(in.state, definition_arn(in.identity, group_family().kind, group_id));
    const auto told = log.read(tags) ? string_member(*tags, local_authority_tag) : std::nullopt;
    const auto setting = told ? parse_local_authority_setting(*told) : local_authority_setting();
    if (!setting) {
        log.fault("InvalidLocalAuthority", "The group's tag " + std::string(local_authority_tag) +
                                               ": " + setting.error().context + ".");
    }
}

// The group's tag, the one place where stock tools can put it.
contract::credential_setting credentials_of(greengrass_services& in, const std::string& group_id,
                                            build_log& log) {
    const auto tags = tags_of(in.state, definition_arn(in.identity, group_family().kind, group_id));
    if (!log.read(tags)) {
        return {};
    }
    const auto told = string_member(*tags, contract::credentials_tag);
    if (!told) {
        return {};
    }
    const auto setting = contract::parse_credential_setting(*told);
    if (!setting) {
        log.fault("InvalidCredentialSource", "The group's tag " +
                                                 std::string(contract::credentials_tag) + ": " +
                                                 setting.error().context + ".");
        return {};
    }
    if (setting->issuer == contract::credential_issuer::sts && in.sts == nullptr) {
        log.fault("NoUpstreamSts",
                  "The group's tag " + std::string(contract::credentials_tag) +
                      " is sts, and this service has no AWS keys to ask STS with; start "
                      "evergrass-cloud with --aws-credentials FILE, or change the tag.");
    }
    return *setting;
}

contract::manifest frame(greengrass_services& in, const definition& group,
                         const manifest_wish& wish) {
    contract::manifest made;
    made.deployment_id = wish.deployment_id;
    made.type = wish.type;
    made.created_at = as_timestamp(wish.created_at);
    made.account = in.identity.account;
    made.region = in.identity.region;
    made.group_id = group.id;
    made.group_name = group.name.value_or("");
    return made;
}

}  // namespace

contract::manifest build_manifest(greengrass_services& in, const group_contents& contents,
                                  const upstream_finds& finds, const manifest_wish& wish,
                                  build_log& log) {
    for (const auto& fault : finds.faults) {
        log.fault(fault.code, fault.message);
    }
    auto made = frame(in, contents.group(), wish);
    made.group_version_arn =
        version_arn(in.identity, group_family().kind, made.group_id, contents.version());
    made.core = as_member(*contents.elements("cores").front());
    made.devices = devices_of(in, contents, log);
    auto functions = resolve_functions(in, contents, finds, log);
    const endpoints known(in, finds, made.devices, functions);
    made.subscriptions = subscriptions_of(contents, known, log);
    leave_out_revoked(in, made.devices, log);
    made.functions = std::move(functions.functions);
    made.loggers = loggers_of(contents);
    for (const auto* resource : contents.elements("resources")) {
        made.resources.emplace_back(*resource);
    }
    if (!contents.elements("connectors").empty()) {
        log.fault("ConnectorsNotSupported",
                  "The group has connectors, which this service does not deploy; make a group "
                  "version without ConnectorDefinitionVersionArn.");
    }
    deliver_secrets(in, finds, made, log);
    deliver_models(in, finds, made, log);
    made.credentials = credentials_of(in, made.group_id, log);
    check_local_authority(in, made.group_id, log);
    const auto expiry = certificate_expiry_ms(in.state, made.group_id);
    if (log.read(expiry)) {
        made.certificate_expiry_ms = *expiry;
    }
    const auto authorities = authorities_of(in.state, made.group_id);
    if (log.read(authorities)) {
        for (const auto& authority : *authorities) {
            made.group_cas.push_back(authority.certificate_pem);
        }
    }
    return made;
}

contract::manifest build_reset_manifest(greengrass_services& in, const definition& group,
                                        const contract::group_member& core,
                                        const manifest_wish& wish) {
    auto made = frame(in, group, wish);
    made.group_version_arn = definition_arn(in.identity, group_family().kind, group.id);
    made.core = core;
    return made;
}

}  // namespace evergrass::cloud::greengrass
