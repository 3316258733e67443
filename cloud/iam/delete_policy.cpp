#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result delete_policy(iam_registry& in, const call& from) {
    const auto policy = requested_policy(in, from);
    if (!policy) {
        return policy.error();
    }
    const auto attachments = attachments_of(in, policy->arn);
    if (!attachments) {
        return attachments.error();
    }
    std::int64_t versions = 0;
    auto& db = in.state.db();
    const auto read =
        db.query("iam.count_versions", "SELECT count(*) FROM iam_policy_versions WHERE arn = ?1",
                 {policy->arn}, [&](const db::row& row) { versions = row.integer(0); });
    if (!read) {
        return internal_error(read.error());
    }
    if (*attachments > 0) {
        return delete_conflict("Cannot delete a policy attached to entities.");
    }
    if (versions > 1) {
        return delete_conflict(
            "This policy has more than one version. Before you delete a policy, "
            "you must delete the policy's versions. The default version is "
            "deleted with the policy.");
    }
    auto gone = db.run("iam.delete_versions", "DELETE FROM iam_policy_versions WHERE arn = ?1",
                       {policy->arn});
    if (gone) {
        gone =
            db.run("iam.delete_policy", "DELETE FROM iam_policies WHERE arn = ?1", {policy->arn});
    }
    return without_output(done(gone));
}

}  // namespace evergrass::cloud::iam
