#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/records.hpp"
#include "libs/base/arn.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

// What V1 built its software for (spec/cloud.md §1.8).
constexpr std::pair<std::string_view, std::string_view> platforms[] = {
    {"ubuntu", "x86_64"},   {"ubuntu", "aarch64"},  {"amazon_linux", "x86_64"},
    {"raspbian", "armv7l"}, {"raspbian", "armv6l"}, {"openwrt", "aarch64"},
    {"openwrt", "armv7l"},
};

api_error bad_request(std::string message) {
    return {400, "BadRequestException", std::move(message)};
}

bool is_target(const service_identity& identity, std::string_view arn) {
    const auto named = parse_arn(arn);
    return named && named->service == "iot" && named->account == identity.account &&
           named->region == identity.region &&
           (named->resource.starts_with("thing/") || named->resource.starts_with("thinggroup/"));
}

std::optional<api_error> wrong_targets(const greengrass_services& in, const call& from) {
    const auto* targets = array_member(from.input, "UpdateTargets");
    if (targets == nullptr || targets->empty()) {
        return bad_request("UpdateTargets must name one thing or thing group or more.");
    }
    for (const auto& each : *targets) {
        const auto* text = each.if_string();
        if (text == nullptr || !is_target(in.identity, *text)) {
            return bad_request("UpdateTargets: '" +
                               (text != nullptr ? std::string(*text) : json::serialize(each)) +
                               "' is not the ARN of a thing or thing group of account " +
                               in.identity.account + " and region " + in.identity.region + ".");
        }
    }
    return std::nullopt;
}

std::optional<api_error> wrong_platform(const call& from) {
    const auto system = required_text(from, "UpdateTargetsOperatingSystem");
    const auto machine = required_text(from, "UpdateTargetsArchitecture");
    if (std::ranges::find(platforms, std::pair<std::string_view, std::string_view>(
                                         system, machine)) == std::end(platforms)) {
        return bad_request("There is no core for UpdateTargetsOperatingSystem '" + system +
                           "' with UpdateTargetsArchitecture '" + machine + "'.");
    }
    return std::nullopt;
}

}  // namespace

// Checks all that V1 checked. An update is carried by an IoT job and by a package that the core
// fetches, neither of which there is yet: better refused than a job that no core will ever see.
api_result create_software_update_job(greengrass_services& in, const call& from) {
    const auto role = required_text(from, "S3UrlSignerRole");
    const auto named = parse_arn(role);
    if (!named || named->service != "iam" || !named->resource.starts_with("role/")) {
        return bad_request("S3UrlSignerRole '" + role +
                           "' is not the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME).");
    }
    if (auto refused = wrong_targets(in, from)) {
        return *refused;
    }
    if (auto refused = wrong_platform(from)) {
        return *refused;
    }
    return api_error{501, "NotImplementedException",
                     "Evergrass does not implement greengrass:CreateSoftwareUpdateJob: it has no "
                     "software update over the air yet. Update cores with the system's package "
                     "manager."};
}

}  // namespace evergrass::cloud::greengrass
