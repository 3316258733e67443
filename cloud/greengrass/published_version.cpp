#include "cloud/greengrass/resolve_functions.hpp"
#include "libs/base/arn.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::array<std::string_view, 9> system_functions = {
    "GGIPDetector",    "GGCloudSpooler",  "GGStreamManager",
    "GGShadowService", "GGSecretManager", "GGDeviceCertificateManager",
    "GGTES",           "GGConnManager",   "GGShadowSyncManager"};

std::optional<std::int64_t> version_number(const std::string& qualifier) {
    std::int64_t number = 0;
    const auto* end = qualifier.data() + qualifier.size();
    const auto [stop, code] = std::from_chars(qualifier.data(), end, number);
    return code == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

result<std::optional<std::string>> alias_target(store& state, const function_arn& function) {
    std::optional<std::string> version;
    auto read = state.db().query(
        "greengrass.alias_target",
        "SELECT version FROM function_aliases WHERE name = ?1 AND alias = ?2",
        {function.name, function.qualifier}, [&](const db::row& row) { version = row.text(0); });
    if (!read) {
        return read.error();
    }
    return version;
}

result<std::optional<published_version>> load(store& state, function_arn function,
                                              std::int64_t version) {
    std::optional<published_version> found;
    function.qualifier = std::to_string(version);
    auto read = state.db().query("greengrass.published_version",
                                 "SELECT configuration, blob, code_size FROM function_versions"
                                 " WHERE name = ?1 AND version = ?2",
                                 {function.name, version}, [&](const db::row& row) {
                                     found = published_version{function.to_string(),
                                                               stored_object(row.text(0)),
                                                               row.text(1), row.integer(2)};
                                 });
    if (!read) {
        return read.error();
    }
    return found;
}

version_lookup nothing(std::string reason) {
    return {std::nullopt, std::move(reason)};
}

}  // namespace

bool is_system_function(std::string_view arn) {
    const auto function = parse_function_arn(arn);
    return function && function->account.empty() &&
           std::ranges::find(system_functions, function->name) != system_functions.end();
}

result<version_lookup> find_published_version(greengrass_services& in, const upstream_finds& finds,
                                              std::string_view arn) {
    if (finds.functions) {
        const auto fetched = finds.functions->find(arn);
        return fetched != finds.functions->end()
                   ? fetched->second
                   : nothing("Function '" + std::string(arn) + "' is not in the group.");
    }
    const auto function = parse_function_arn(arn);
    if (!function) {
        return nothing("'" + std::string(arn) + "' is not a function's ARN.");
    }
    if (function->unqualified() != in.identity.lambda_arn("function:" + function->name)) {
        return nothing("Function '" + std::string(arn) + "' is not of account " +
                       in.identity.account + " and region " + in.identity.region + ".");
    }
    auto version = function->qualifier;
    if (!version_number(version)) {
        const auto target = alias_target(in.state, *function);
        if (!target) {
            return target.error();
        }
        if (!*target) {
            return nothing("Function '" + function->name + "' has no alias '" +
                           function->qualifier + "'; create it (CreateAlias).");
        }
        version = **target;
    }
    const auto number = version_number(version);
    if (!number) {
        return nothing("Function '" + std::string(arn) +
                       "' leads to $LATEST, which cannot be deployed; publish a version "
                       "(PublishVersion) and point the alias to it.");
    }
    auto found = load(in.state, *function, *number);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return nothing("Function '" + function->name + "' has no version " + version +
                       "; publish it (PublishVersion).");
    }
    return version_lookup{std::move(*found), {}};
}

}  // namespace evergrass::cloud::greengrass
