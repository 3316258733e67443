#include "cloud/gateway/paging.hpp"
#include "cloud/secrets/operations.hpp"

#include <algorithm>

namespace evergrass::cloud::secrets {
namespace {

constexpr paging_style paging{"MaxResults", "NextToken", "InvalidNextTokenException", 100, 100};

json::object as_entry(const version_record& version) {
    json::object entry{{"VersionId", version.id},
                       {"VersionStages", as_array(version.stages)},
                       {"CreatedDate", as_seconds(version.created_at)}};
    if (version.accessed_at) {
        entry["LastAccessedDate"] = as_seconds(*version.accessed_at);
    }
    return entry;
}

}  // namespace

api_result list_secret_version_ids(secret_registry& in, const call& from) {
    const auto page = requested_page(from, paging);
    if (!page) {
        return page.error();
    }
    const auto secret = require_secret(in, string_member(from.input, "SecretId").value_or(""));
    if (!secret) {
        return secret.error();
    }
    auto versions = versions_of(in, secret->arn);
    if (!versions) {
        return versions.error();
    }
    const bool all = bool_member(from.input, "IncludeDeprecated").value_or(false);
    std::erase_if(*versions, [&](const version_record& v) { return !all && v.stages.empty(); });
    if (!page->after.empty()) {
        const auto last = std::ranges::find(*versions, page->after, &version_record::id);
        versions->erase(versions->begin(), last == versions->end() ? last : last + 1);
    }
    const auto next = cut_to_page(*versions, *page, [](const version_record& v) { return v.id; });
    json::array list;
    for (const auto& version : *versions) {
        list.push_back(as_entry(version));
    }
    json::object output{
        {"ARN", secret->arn}, {"Name", secret->name}, {"Versions", std::move(list)}};
    if (next) {
        output["NextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::secrets
