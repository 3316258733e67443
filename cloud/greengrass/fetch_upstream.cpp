#include "cloud/greengrass/fetch_upstream.hpp"

#include "cloud/greengrass/deliver_models.hpp"
#include "cloud/greengrass/resolve_functions.hpp"

#include <set>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

answer<void> fetch_functions(greengrass_services& in, const group_contents& contents,
                             upstream_finds& into) {
    std::set<std::string> wanted;
    for (const auto* element : contents.elements("functions")) {
        wanted.insert(string_member(*element, "FunctionArn").value_or(""));
    }
    // They may name a function of the group by another alias.
    for (const auto* element : contents.elements("subscriptions")) {
        for (const auto* end : {"Source", "Target"}) {
            auto named = string_member(*element, end).value_or("");
            if (named.find(":lambda:") != std::string::npos) {
                wanted.insert(std::move(named));
            }
        }
    }
    auto& found = into.functions.emplace();
    for (const auto& arn : wanted) {
        if (is_system_function(arn)) {
            continue;
        }
        auto lookup = fetch_function(in, arn);
        if (!lookup) {
            return lookup.error();
        }
        found.emplace(arn, std::move(*lookup));
    }
    return {};
}

}  // namespace

api_error upstream_unreachable(const std::string& why) {
    return {503, "ServiceUnavailableException",
            why + ". Nothing was deployed; try again when it answers."};
}

answer<upstream_finds> fetch_upstream(greengrass_services& in, const group_contents& contents) {
    upstream_finds finds;
    if (in.upstream->has("lambda")) {
        if (auto fetched = fetch_functions(in, contents, finds); !fetched) {
            return fetched.error();
        }
    }
    json::array resources;
    for (const auto* resource : contents.elements("resources")) {
        resources.emplace_back(*resource);
    }
    if (in.upstream->has("secretsmanager")) {
        finds.secrets.emplace();
        for (const auto& [arn, labels] : wanted_secrets(resources)) {
            if (auto fetched = fetch_secret(in, arn, labels, finds); !fetched) {
                return fetched.error();
            }
        }
    }
    if (in.upstream_objects != nullptr) {
        finds.models.emplace();
        for (const auto& uri : wanted_models(resources)) {
            if (auto fetched = fetch_model(in, uri, finds); !fetched) {
                return fetched.error();
            }
        }
    }
    return finds;
}

}  // namespace evergrass::cloud::greengrass
