#include "edge/router/group_file.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

error not_a_group(std::string why) {
    return {errc::invalid_input,
            std::move(why) +
                ". Known are V1's group.json (it has GroupDefinitions), a deployment manifest as "
                "the core keeps it in var/state/deployment, and a definition of the Greengrass API "
                "with Subscriptions"};
}

// The member as an array; missing or null is empty.
result<const json::array*> list(const json::object& object, std::string_view name) {
    static const json::array nothing;
    const auto* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) {
        return &nothing;
    }
    if (!value->is_array()) {
        return error{errc::invalid_input, "'" + std::string(name) + "' is not a list"};
    }
    return &value->get_array();
}

result<std::vector<contract::subscription>> read_subscriptions(const json::array& elements) {
    std::vector<contract::subscription> all;
    for (const auto& element : elements) {
        const auto number = "#" + std::to_string(all.size() + 1);
        const auto* object = element.if_object();
        if (object == nullptr) {
            return error{errc::invalid_input, "subscription " + number + " is not an object"};
        }
        for (const auto* name : {"Source", "Subject", "Target"}) {
            if (!string_member(*object, name)) {
                return error{errc::invalid_input,
                             "subscription " + number + " has no text '" + name + "'"};
            }
        }
        all.push_back({string_member(*object, "Id").value_or(number),
                       *string_member(*object, "Source"), *string_member(*object, "Subject"),
                       *string_member(*object, "Target")});
    }
    return all;
}

// One end from the member `name` of each element.
result<std::vector<endpoint>> read_ends(const json::array& elements, std::string_view name) {
    std::vector<endpoint> all;
    for (const auto& element : elements) {
        const auto* object = element.if_object();
        const auto text = object != nullptr ? string_member(*object, name) : std::nullopt;
        if (!text) {
            return error{errc::invalid_input, "an element has no text '" + std::string(name) + "'"};
        }
        auto end = parse_endpoint(*text);
        if (!end) {
            return with_context(end.error(), std::string(name));
        }
        all.push_back(std::move(*end));
    }
    return all;
}

// The devices that have a thing and a certificate, as AWS names both.
std::vector<contract::group_member> read_members(const json::array& devices, std::string_view thing,
                                                 std::string_view certificate) {
    std::vector<contract::group_member> all;
    for (const auto& device : devices) {
        const auto* object = device.if_object();
        if (object == nullptr) {
            continue;
        }
        contract::group_member member;
        member.thing_arn = string_member(*object, thing).value_or("");
        member.certificate_arn = string_member(*object, certificate).value_or("");
        if (thing_name_of(member.thing_arn) && certificate_id_of(member.certificate_arn)) {
            all.push_back(std::move(member));
        }
    }
    return all;
}

// Fills `out` when the object has the list at all.
result<void> take_ends(const json::object& object, std::string_view member, std::string_view arn,
                       std::optional<std::vector<endpoint>>& out) {
    if (object.if_contains(member) == nullptr) {
        return {};
    }
    const auto elements = list(object, member);
    if (!elements) {
        return elements.error();
    }
    auto ends = read_ends(**elements, arn);
    if (!ends) {
        return with_context(ends.error(), std::string(member));
    }
    out = std::move(*ends);
    return {};
}

result<group_file> read_v1(const json::object& document, const json::object& definitions) {
    group_file out;
    out.kind = "V1's group.json";
    const json::object empty;
    const auto section = [&](std::string_view name) -> const json::object& {
        const auto* found = object_member(definitions, name);
        return found != nullptr ? *found : empty;
    };
    const auto elements = list(section("Subscriptions"), "Content");
    if (!elements) {
        return with_context(elements.error(), "GroupDefinitions.Subscriptions");
    }
    auto subscriptions = read_subscriptions(**elements);
    if (!subscriptions) {
        return with_context(subscriptions.error(), "GroupDefinitions.Subscriptions");
    }
    out.subscriptions = std::move(*subscriptions);
    if (auto taken = take_ends(document, "Devices", "thingArn", out.devices); !taken) {
        return taken.error();
    }
    if (const auto* devices = array_member(document, "Devices")) {
        out.members = read_members(*devices, "thingArn", "certArn");
    }
    if (auto taken = take_ends(section("Lambdas"), "Content", "FunctionArn", out.functions);
        !taken) {
        return with_context(taken.error(), "GroupDefinitions.Lambdas");
    }
    return out;  // where V1 kept connectors is not known (spec/on-disk.md §3.2)
}

result<group_file> read_manifest(std::string_view text) {
    auto manifest = contract::parse_manifest(text);
    if (!manifest) {
        return manifest.error();
    }
    group_file out;
    out.kind = "deployment manifest";
    out.subscriptions = std::move(manifest->subscriptions);
    out.members = manifest->devices;
    out.devices.emplace();
    for (const auto& device : manifest->devices) {
        out.devices->push_back({endpoint_kind::device, device.thing_name()});
    }
    out.functions.emplace();
    for (const auto& function : manifest->functions) {
        if (auto end = parse_endpoint(function.arn)) {
            out.functions->push_back(std::move(*end));
        }
    }
    return out;
}

result<group_file> read_definitions(const json::object& object) {
    group_file out;
    out.kind = "definition of the Greengrass API";
    const auto elements = list(object, "Subscriptions");
    if (!elements) {
        return elements.error();
    }
    auto subscriptions = read_subscriptions(**elements);
    if (!subscriptions) {
        return with_context(subscriptions.error(), "Subscriptions");
    }
    out.subscriptions = std::move(*subscriptions);
    if (const auto* devices = array_member(object, "Devices")) {
        out.members = read_members(*devices, "ThingArn", "CertificateArn");
    }
    for (const auto& taken : {take_ends(object, "Devices", "ThingArn", out.devices),
                              take_ends(object, "Functions", "FunctionArn", out.functions),
                              take_ends(object, "Connectors", "ConnectorArn", out.connectors)}) {
        if (!taken) {
            return taken.error();
        }
    }
    return out;
}

const std::optional<std::vector<endpoint>>* list_of(const group_file& file, endpoint_kind kind) {
    switch (kind) {
        case endpoint_kind::device:
            return &file.devices;
        case endpoint_kind::function:
            return &file.functions;
        case endpoint_kind::connector:
            return &file.connectors;
        case endpoint_kind::cloud:
        case endpoint_kind::shadow_service:
            break;
    }
    return nullptr;
}

}  // namespace

std::vector<endpoint> group_file::known_ends() const {
    std::vector<endpoint> all;
    const auto add = [&](endpoint e) {
        const bool named = e.kind == endpoint_kind::function || e.kind == endpoint_kind::connector;
        if (named && std::find(all.begin(), all.end(), e) == all.end()) {
            all.push_back(std::move(e));
        }
    };
    for (const auto* ends : {&functions, &connectors}) {
        for (const auto& e : ends->value_or(std::vector<endpoint>{})) {
            add(e);
        }
    }
    for (const auto& s : subscriptions) {
        for (const auto* text : {&s.source, &s.target}) {
            if (auto e = parse_endpoint(*text)) {
                add(std::move(*e));
            }
        }
    }
    return all;
}

std::optional<bool> group_file::has(const endpoint& e) const {
    const auto* ends = list_of(*this, e.kind);
    if (ends == nullptr) {
        return true;  // the cloud and the shadow service are always there
    }
    if (!*ends) {
        return std::nullopt;
    }
    return std::find((*ends)->begin(), (*ends)->end(), e) != (*ends)->end();
}

result<group_file> parse_group_file(std::string_view text) {
    auto document = parse_json(text);
    if (!document) {
        return not_a_group("It is no group: it is not JSON (" + document.error().message() + ")");
    }
    const auto* object = document->if_object();
    if (object == nullptr) {
        return not_a_group("It is no group: it holds no JSON object");
    }
    if (const auto* definitions = object_member(*object, "GroupDefinitions")) {
        return read_v1(*object, *definitions);
    }
    if (object->contains("manifest") && object->contains("signature")) {
        const auto sealed = contract::parse_signed_manifest(text);
        return sealed ? read_manifest(sealed->manifest_text) : result<group_file>(sealed.error());
    }
    if (object->contains("deploymentId") && object->contains("subscriptions")) {
        return read_manifest(text);
    }
    // As the API returns it, as create-… takes it, or bare.
    for (const auto* wrapper : {"Definition", "InitialVersion"}) {
        const auto* inside = object_member(*object, wrapper);
        if (inside != nullptr && inside->contains("Subscriptions")) {
            return read_definitions(*inside);
        }
    }
    if (object->contains("Subscriptions")) {
        return read_definitions(*object);
    }
    return not_a_group("It is JSON, but no group that is known");
}

}  // namespace evergrass::edge
