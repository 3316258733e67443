#include "cloud/iot/policy_versions.hpp"

#include "cloud/iot/policy.hpp"

#include <charconv>

namespace evergrass::cloud::iot {

std::optional<api_error> check_policy_document(const std::string& document) {
    const auto parsed = parse_policy(document);
    if (parsed) {
        return std::nullopt;
    }
    return api_error{400,
                     "MalformedPolicyException",
                     "Policy document is malformed: " + parsed.error().context + ".",
                     {}};
}

answer<policy_version_record> require_policy_version(registry& in, const std::string& policy,
                                                     const std::string& version) {
    std::int64_t number = 0;
    const auto* end = version.data() + version.size();
    const auto read = std::from_chars(version.data(), end, number);
    std::optional<policy_version_record> found;
    if (read.ec == std::errc() && read.ptr == end) {
        const auto queried = in.state.db().query(
            "iot.find_policy_version",
            "SELECT version, document, created_at FROM policy_versions"
            " WHERE policy = ?1 AND version = ?2",
            {policy, number}, [&](const db::row& row) {
                found = policy_version_record{row.integer(0), row.text(1), row.integer(2)};
            });
        if (!queried) {
            return internal_error(queried.error());
        }
    }
    if (!found) {
        return resource_not_found("Policy " + policy + " has no version " + version + ".");
    }
    return std::move(*found);
}

std::optional<api_error> insert_policy_version(registry& in, const std::string& policy,
                                               std::int64_t version, const std::string& document) {
    return write(in, "iot.insert_policy_version",
                 "INSERT INTO policy_versions(policy, version, document, created_at)"
                 " VALUES(?1, ?2, ?3, ?4)",
                 {policy, version, document, now_milliseconds(in)});
}

}  // namespace evergrass::cloud::iot
