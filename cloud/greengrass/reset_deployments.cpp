#include "cloud/greengrass/build_manifest.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "libs/base/random.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

using contract::deployment_type;

deployment new_reset(greengrass_services& in, const definition& group, deployment_type type) {
    deployment made;
    made.id = uuid_v4();
    made.group_id = group.id;
    made.type = to_string(type);
    made.group_arn = definition_arn(in.identity, group_family().kind, group.id);
    made.created_at = now_milliseconds(in);
    made.updated_at = made.created_at;
    return made;
}

// Tells the core that ran the group last, if one ever did. A forced reset doesn't wait for it, and
// with no core there is nobody to wait for.
result<void> finish(greengrass_services& in, const definition& group, deployment_type type,
                    deployment& made) {
    const auto former = last_built_deployment(in.state, group.id);
    if (!former) {
        return former.error();
    }
    const bool waits = type == deployment_type::reset && former->has_value();
    made.status = waits ? "InProgress" : "Success";
    if (*former) {
        const auto manifest = manifest_of(**former);
        if (!manifest) {
            return manifest.error();
        }
        const auto reset =
            build_reset_manifest(in, group, manifest->core, {made.id, type, made.created_at});
        auto attached = attach_manifest(in, reset, made);
        if (!attached) {
            return attached;
        }
        auto in_force = put_in_force(in.state, reset);
        if (!in_force) {
            return in_force;
        }
    }
    return insert_deployment(in.state, made);
}

}  // namespace

// Supersedes a deployment in progress, as CreateDeployment does. Forced, it works on a group that
// was never deployed too: tools call it before they delete any group.
api_result reset_deployments(greengrass_services& in, const call& from) {
    const auto group_id = required_text(from, "GroupId");
    const bool forced = bool_member(from.input, "Force").value_or(false);
    std::optional<deployment> made;
    auto answered = in_transaction(in.state, [&]() -> api_result {
        const auto group = find_definition(in.state, group_family().kind, group_id);
        if (!group) {
            return internal_error(group.error());
        }
        if (!*group) {
            return resource_not_found(std::string(group_family().missing_for_get));
        }
        const auto last = last_deployment(in.state, group_id);
        if (!last) {
            return internal_error(last.error());
        }
        if (!forced && (!*last || (*last)->is_reset())) {
            return resource_not_found("Group id: " + group_id +
                                      " has not been deployed or has already been reset.");
        }
        const auto type = forced ? deployment_type::force_reset : deployment_type::reset;
        made = new_reset(in, **group, type);
        const auto finished = finish(in, **group, type, *made);
        if (!finished) {
            return internal_error(finished.error());
        }
        return reply{
            {{"DeploymentId", made->id}, {"DeploymentArn", deployment_arn(in.identity, *made)}}};
    });
    if (answered && made->core_thing) {
        in.log.info(
            "Reset is ready for its core.",
            {{"deploymentId", made->id}, {"groupId", group_id}, {"core", *made->core_thing}});
        in.notifier.announce(*made->core_thing);
    }
    return answered;
}

}  // namespace evergrass::cloud::greengrass
