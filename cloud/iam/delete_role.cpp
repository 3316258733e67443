#include "cloud/iam/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iam {

api_result delete_role(iam_registry& in, const call& from) {
    const auto role = requested_role(in, from);
    if (!role) {
        return role.error();
    }
    std::int64_t held = 0;
    const auto read =
        in.state.db().query("iam.held_by_role",
                            "SELECT (SELECT count(*) FROM iam_attachments WHERE role = ?1)"
                            " + (SELECT count(*) FROM iam_role_policies WHERE role = ?1)",
                            {role->name}, [&](const db::row& row) { held = row.integer(0); });
    if (!read) {
        return internal_error(read.error());
    }
    if (held > 0) {
        return delete_conflict("Cannot delete entity, must detach all policies first.");
    }
    auto gone = drop_tags(in.state, role_arn(in, *role));
    if (gone) {
        gone = in.state.db().run("iam.delete_role", "DELETE FROM iam_roles WHERE name = ?1",
                                 {role->name});
    }
    return without_output(done(gone));
}

}  // namespace evergrass::cloud::iam
