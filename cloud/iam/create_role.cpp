#include "cloud/iam/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iam {

api_result create_role(iam_registry& in, const call& from) {
    const auto name = string_member(from.input, "RoleName").value_or("");
    const auto there = find_role(in, name);
    if (!there) {
        return there.error();
    }
    if (*there) {
        return already_exists("Role with name " + name + " already exists.");
    }
    auto trust = requested_document(from, "AssumeRolePolicyDocument");
    if (!trust) {
        return trust.error();
    }
    const role_record made{name,
                           new_id("AROA"),
                           string_member(from.input, "Path").value_or("/"),
                           string_member(from.input, "Description"),
                           std::move(*trust),
                           int_member(from.input, "MaxSessionDuration").value_or(3600),
                           now_milliseconds(in)};
    if (auto written = write_role(in, made); !written) {
        return written.error();
    }
    const auto set =
        set_tags(in.state, role_arn(in, made), tags_from_list(array_member(from.input, "Tags")));
    if (!set) {
        return internal_error(set.error());
    }
    return reply{{{"Role", shown(in, made)}}};
}

}  // namespace evergrass::cloud::iam
