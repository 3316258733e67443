#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {
namespace {

constexpr std::int64_t most_versions = 5;

}  // namespace

api_result create_policy_version(iam_registry& in, const call& from) {
    auto policy = requested_policy(in, from);
    if (!policy) {
        return policy.error();
    }
    const auto document = requested_document(from, "PolicyDocument");
    if (!document) {
        return document.error();
    }
    std::int64_t versions = 0;
    const auto read = in.state.db().query(
        "iam.count_versions", "SELECT count(*) FROM iam_policy_versions WHERE arn = ?1",
        {policy->arn}, [&](const db::row& row) { versions = row.integer(0); });
    if (!read) {
        return internal_error(read.error());
    }
    if (versions >= most_versions) {
        return api_error{409, "LimitExceeded",
                         "A managed policy can have up to 5 versions. Before you create a new "
                         "version, you must delete an existing version."};
    }
    const bool is_default = bool_member(from.input, "SetAsDefault").value_or(false);
    const auto number = ++policy->last_version;
    policy->updated_at = now_milliseconds(in);
    policy->default_version = is_default ? number : policy->default_version;
    auto written = write_policy(in, *policy);
    if (written) {
        written = done(
            in.state.db().run("iam.insert_version",
                              "INSERT INTO iam_policy_versions(arn, version, document, created_at)"
                              " VALUES(?1, ?2, ?3, ?4)",
                              {policy->arn, number, *document, policy->updated_at}));
    }
    if (!written) {
        return written.error();
    }
    return reply{{{"PolicyVersion",
                   {{"VersionId", "v" + std::to_string(number)},
                    {"IsDefaultVersion", is_default},
                    {"CreateDate", policy->updated_at / 1000}}}}};
}

}  // namespace evergrass::cloud::iam
