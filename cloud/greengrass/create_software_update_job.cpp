#include "cloud/gateway/client_tokens.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/records.hpp"
#include "cloud/greengrass/software_updates.hpp"
#include "cloud/jobs/new_job.hpp"
#include "cloud/objects/s3_uri.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/random.hpp"

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

constexpr std::size_t largest_list = 1024 * 1024;

api_error no_packages(const software_updates& in, const std::string& why) {
    return {501, "NotImplementedException",
            "greengrass:CreateSoftwareUpdateJob: the list of packages, " + in.list_uri +
                " (--software-updates), cannot serve this: " + why + "."};
}

answer<objects::object> find_object(const software_updates& in, const std::string& uri) {
    const auto named = objects::parse_s3_uri(uri);
    if (!named) {
        return no_packages(in, named.error().context);
    }
    auto found = in.jobs.objects.find(named->bucket, named->key);
    if (!found && found.error().status < 500) {
        return no_packages(in, uri + " is no object of this service");
    }
    return found;
}

answer<software_package> listed_package(const software_updates& in, const call& from) {
    const auto list = find_object(in, in.list_uri);
    if (!list) {
        return list.error();
    }
    const auto text = in.jobs.objects.read(list->sha256, largest_list);
    if (!text) {
        return no_packages(in, text.error().message());
    }
    auto found = find_package(*text, required_text(from, "SoftwareToUpdate"),
                              required_text(from, "UpdateTargetsOperatingSystem"),
                              required_text(from, "UpdateTargetsArchitecture"));
    if (!found) {
        return no_packages(in, found.error().context);
    }
    return std::move(*found);
}

// docs/jobs.md has its members.
answer<std::string> document_for(const software_updates& in, const call& from,
                                 const software_package& package) {
    const auto object = find_object(in, package.uri);
    if (!object) {
        return object.error();
    }
    return json::serialize(json::object{
        {"operation", "updateSoftware"},
        {"software", required_text(from, "SoftwareToUpdate")},
        {"version", package.version},
        {"operatingSystem", required_text(from, "UpdateTargetsOperatingSystem")},
        {"architecture", required_text(from, "UpdateTargetsArchitecture")},
        {"logLevel", string_member(from.input, "UpdateAgentLogLevel").value_or("ERROR")},
        {"package",
         {{"url", "${aws:iot:s3-presigned-url:" + package.uri + "}"},
          {"sha256", object->sha256},
          {"size", object->size}}}});
}

// Random, or by the client token.
std::string id_for(const call& from) {
    const auto token = string_member(from.input, client_token_member);
    if (!token || token->empty()) {
        return uuid_v4();
    }
    const auto digits = sha256_hex("CreateSoftwareUpdateJob " + *token);
    return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-4" + digits.substr(13, 3) + "-a" +
           digits.substr(17, 3) + "-" + digits.substr(20, 12);
}

std::vector<std::string> targets_of(const call& from) {
    std::vector<std::string> targets;
    for (const auto& each : *array_member(from.input, "UpdateTargets")) {
        targets.emplace_back(each.as_string());
    }
    return targets;
}

std::optional<api_error> in_greengrass_words(api_error refused) {
    if (refused.status < 500) {
        refused.status = 400;
        refused.code = "BadRequestException";
    }
    return refused;
}

// The job of the token is there: is it the one that is wanted?
std::optional<api_error> differs(const software_updates& in, const new_job& wanted) {
    auto& state = in.services.state;
    const auto hold = state.db().lock();
    const auto there = find_job(state, wanted.id);
    if (!there) {
        return internal_error(there.error());
    }
    if (!*there) {
        return bad_request("The job of this X-Amzn-Client-Token was just deleted; use another.");
    }
    const auto targets = cloud::targets_of(state, (*there)->sequence);
    if (!targets) {
        return internal_error(targets.error());
    }
    if ((*there)->document == wanted.document && *targets == wanted.targets) {
        return std::nullopt;
    }
    return bad_request("X-Amzn-Client-Token was used with other parameters before.");
}

}  // namespace

std::optional<api_error> check_software_update(const greengrass_services& in, const call& from) {
    if (auto refused = check_client_token(from)) {
        return refused;
    }
    const auto role = required_text(from, "S3UrlSignerRole");
    const auto named = parse_arn(role);
    if (!named || named->service != "iam" || !named->resource.starts_with("role/")) {
        return bad_request("S3UrlSignerRole '" + role +
                           "' is not the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME).");
    }
    if (auto refused = wrong_targets(in, from)) {
        return refused;
    }
    return wrong_platform(from);
}

// Where nobody told the service which packages there are: better refused than a job that no core
// can carry out.
api_result create_software_update_job(greengrass_services& in, const call& from) {
    if (auto refused = check_software_update(in, from)) {
        return *refused;
    }
    return api_error{501, "NotImplementedException",
                     "greengrass:CreateSoftwareUpdateJob: this service has no packages to update "
                     "cores with. Put a list of them into an object and start evergrass-cloud with "
                     "--software-updates s3://BUCKET/KEY, or update cores with the system's "
                     "package manager."};
}

// One job for all targets, each of which gets the package's URL when it asks for the job. The same
// token with the same parameters names the same job.
api_result create_software_update_job(const software_updates& in, const call& from) {
    if (auto refused = check_software_update(in.services, from)) {
        return *refused;
    }
    const auto package = listed_package(in, from);
    if (!package) {
        return package.error();
    }
    auto document = document_for(in, from, *package);
    if (!document) {
        return document.error();
    }
    new_job wanted;
    wanted.id = "GreengrassUpdateJob_" + id_for(from);
    wanted.targets = targets_of(from);
    wanted.document = std::move(*document);
    wanted.definition = {
        {"targetSelection", "SNAPSHOT"},
        {"description", "Greengrass software update"},
        {"presignedUrlConfig",
         {{"roleArn", required_text(from, "S3UrlSignerRole")}, {"expiresInSec", 3600}}}};
    const auto made = make_job(in.jobs, wanted);
    if (!made) {
        const bool again = made.error().code == "ResourceAlreadyExistsException";
        if (auto refused = again ? differs(in, wanted) : in_greengrass_words(made.error())) {
            return *refused;
        }
    }
    return reply{{{"IotJobArn", job_arn(in.jobs.in, wanted.id)},
                  {"IotJobId", wanted.id},
                  {"PlatformSoftwareVersion", package->version}}};
}

}  // namespace evergrass::cloud::greengrass
