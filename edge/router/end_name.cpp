#include "edge/router/end_name.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <vector>

namespace evergrass::edge {
namespace {

constexpr std::string_view forms =
    "thing:NAME, function:NAME, function:NAME:VERSION, connector:NAME, cloud, shadow or an ARN";

// arn:aws:greengrass:us-east-1::/connectors/ServiceNow/versions/1 -> ServiceNow
std::string connector_name(std::string_view arn_text) {
    constexpr std::string_view before = "/connectors/";
    const auto at = arn_text.find(before);
    const auto rest = at == std::string_view::npos ? arn_text : arn_text.substr(at + before.size());
    return std::string(rest.substr(0, rest.find('/')));
}

bool is_called(const endpoint& e, std::string_view name) {
    if (e.kind == endpoint_kind::connector) {
        return connector_name(e.name) == name;
    }
    const auto parsed = parse_function_arn(e.name);
    return parsed && (parsed->name == name || parsed->name + ":" + parsed->qualifier == name);
}

std::string list_of(std::span<const endpoint> ends, endpoint_kind kind) {
    std::string text;
    for (const auto& e : ends) {
        if (e.kind == kind) {
            text += (text.empty() ? "" : ", ") + end_name(e);
        }
    }
    return text;
}

result<endpoint> find_called(endpoint_kind kind, std::string_view name,
                             std::span<const endpoint> known) {
    std::vector<endpoint> found;
    for (const auto& e : known) {
        if (e.kind == kind && is_called(e, name) &&
            std::find(found.begin(), found.end(), e) == found.end()) {
            found.push_back(e);
        }
    }
    if (found.size() == 1) {
        return found.front();
    }
    const auto what = std::string(kind_name(kind));
    const auto all = list_of(found.empty() ? known : std::span<const endpoint>(found), kind);
    if (found.empty()) {
        return error{errc::not_found,
                     "the group has no " + what + " '" + std::string(name) + "'" +
                         (all.empty() ? "; it has no " + what + " at all" : "; it has " + all)};
    }
    return error{errc::invalid_input,
                 "'" + std::string(name) + "' is more than one " + what + ": say which of " + all};
}

}  // namespace

std::string_view kind_name(endpoint_kind kind) {
    switch (kind) {
        case endpoint_kind::device:
            return "device";
        case endpoint_kind::function:
            return "function";
        case endpoint_kind::connector:
            return "connector";
        case endpoint_kind::cloud:
            return "cloud";
        case endpoint_kind::shadow_service:
            return "shadow";
    }
    return "unknown";
}

std::string end_name(const endpoint& e) {
    switch (e.kind) {
        case endpoint_kind::device:
            return "thing:" + e.name;
        case endpoint_kind::function:
            if (const auto parsed = parse_function_arn(e.name)) {
                return "function:" + parsed->name + ":" + parsed->qualifier;
            }
            return "function:" + e.name;
        case endpoint_kind::connector:
            return "connector:" + connector_name(e.name);
        case endpoint_kind::cloud:
        case endpoint_kind::shadow_service:
            break;
    }
    return std::string(kind_name(e.kind));
}

result<endpoint> parse_end_name(std::string_view text, std::span<const endpoint> known) {
    if (text == "shadow") {
        return endpoint{endpoint_kind::shadow_service, ""};
    }
    if (text == "cloud" || text == "GGShadowService" || text.starts_with("arn:")) {
        return parse_endpoint(text);
    }
    const auto colon = text.find(':');
    const auto kind = text.substr(0, colon);
    const auto name = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (!name.empty()) {
        if (kind == "thing" || kind == "device") {
            return endpoint{endpoint_kind::device, std::string(name)};
        }
        if (kind == "function" || kind == "lambda") {
            return find_called(endpoint_kind::function, name, known);
        }
        if (kind == "connector") {
            return find_called(endpoint_kind::connector, name, known);
        }
    }
    return error{
        errc::invalid_input,
        "'" + std::string(text) + "' names no end of a subscription: write " + std::string(forms)};
}

}  // namespace evergrass::edge
