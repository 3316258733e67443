#include "cloud/gateway/client_tokens.hpp"
#include "cloud/greengrass/build_manifest.hpp"
#include "cloud/greengrass/deploy.hpp"
#include "cloud/greengrass/deployments.hpp"
#include "cloud/greengrass/fetch_upstream.hpp"
#include "cloud/greengrass/operations.hpp"
#include "libs/base/random.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

using contract::deployment_type;

// The group's version that is to be deployed, or why the request is refused at once.
struct deployable {
    definition group;
    definition_version version;
};

// V1's text, with its two blanks.
api_error unknown_type() {
    return invalid_input(
        "That deployment type is not valid.  Please specify one of the following types: "
        "{NewDeployment,Redeployment,ResetDeployment,ForceResetDeployment}.");
}

api_error missing_parameter(const std::string& name) {
    return invalid_input("Your request is missing the following required parameter(s): {" + name +
                         "}.");
}

// The message is a JSON document of its own, as V1 sent it (spec/cloud.md §1.4).
api_error missing_core() {
    static constexpr std::string_view message =
        R"({"ErrorDetails":[{"DetailedErrorCode":"GG-303","DetailedErrorMessage":)"
        R"("You need a Greengrass Core in this Group before you can deploy."}]})";
    return {400, "MissingCoreException", std::string(message), {}};
}

std::optional<deployment_type> type_of(const std::string& text) {
    for (const auto type : {deployment_type::new_deployment, deployment_type::redeployment}) {
        if (text == to_string(type)) {
            return type;
        }
    }
    return std::nullopt;
}

// A redeployment names a former deployment; its group version unless another is named.
answer<std::string> former_version(greengrass_services& in, const call& from,
                                   const std::string& group_id) {
    const auto id = string_member(from.input, "DeploymentId").value_or("");
    if (id.empty()) {
        return missing_parameter("DeploymentId");
    }
    const auto former = find_deployment(in.state, id);
    if (!former) {
        return internal_error(former.error());
    }
    if (!*former || (*former)->group_id != group_id || !(*former)->group_version) {
        return invalid_input("Deployment ID '" + id + "' is invalid.");
    }
    return string_member(from.input, "GroupVersionId").value_or(*(*former)->group_version);
}

answer<std::string> wanted_version(greengrass_services& in, const call& from,
                                   const std::string& group_id, deployment_type type) {
    if (type == deployment_type::redeployment) {
        return former_version(in, from, group_id);
    }
    auto version = string_member(from.input, "GroupVersionId").value_or("");
    if (version.empty()) {
        return missing_parameter("GroupVersionId");
    }
    return version;
}

answer<deployable> find_deployable(greengrass_services& in, const call& from,
                                   deployment_type type) {
    const auto& family = group_family();
    const auto group_id = required_text(from, "GroupId");
    auto group = find_definition(in.state, family.kind, group_id);
    if (!group) {
        return internal_error(group.error());
    }
    if (!*group) {
        return resource_not_found(std::string(family.missing));
    }
    const auto wanted = wanted_version(in, from, group_id, type);
    if (!wanted) {
        return wanted.error();
    }
    auto version = find_version(in.state, family.kind, group_id, *wanted);
    if (!version) {
        return internal_error(version.error());
    }
    if (!*version) {
        return resource_not_found("Version " + *wanted + " of Group Definition " + group_id +
                                  " does not exist.");
    }
    return deployable{std::move(**group), std::move(**version)};
}

deployment new_deployment(greengrass_services& in, const deployable& wanted, deployment_type type) {
    deployment made;
    made.id = uuid_v4();
    made.group_id = wanted.group.id;
    made.type = to_string(type);
    made.group_version = wanted.version.version;
    made.group_arn =
        version_arn(in.identity, group_family().kind, wanted.group.id, wanted.version.version);
    made.status = "InProgress";
    made.created_at = now_milliseconds(in);
    made.updated_at = made.created_at;
    return made;
}

// Signs and puts in force, or notes the failure: the deployment is complete either way.
result<void> finish(greengrass_services& in, const contract::manifest& manifest, build_log& log,
                    deployment& made) {
    if (log.store_error()) {
        return *log.store_error();
    }
    // The core will read it by the same rules: what it would refuse is found here.
    if (const auto read = contract::parse_manifest(contract::to_json_text(manifest));
        !read && log.faults().empty()) {
        log.fault("InvalidGroup", read.error().context + ".");
    }
    if (!log.faults().empty()) {
        made.status = "Failure";
        made.error_message = error_message_of(log.faults());
        made.error_details = error_details_of(log.faults());
        return insert_deployment(in.state, made);
    }
    auto attached = attach_manifest(in, manifest, made);
    if (!attached) {
        return attached;
    }
    auto inserted = insert_deployment(in.state, made);
    if (!inserted) {
        return inserted;
    }
    return put_in_force(in.state, manifest);
}

void report(const greengrass_services& in, const deployment& made) {
    if (made.is_in_progress()) {
        in.log.info("Deployment is ready for its core.", {{"deploymentId", made.id},
                                                          {"groupId", made.group_id},
                                                          {"core", made.core_thing.value_or("")}});
        in.notifier.announce(made.core_thing.value_or(""));
        return;
    }
    in.log.warn("Deployment could not be built.", {{"deploymentId", made.id},
                                                   {"groupId", made.group_id},
                                                   {"reason", made.error_message.value_or("")}});
}

}  // namespace

// What is asked for is looked at here and again when it is deployed: both are moments of their own.
answer<upstream_finds> fetch_for_deployment(greengrass_services& in, const call& from) {
    const auto type = type_of(required_text(from, "DeploymentType"));
    if (in.upstream == nullptr || !type) {
        return upstream_finds();
    }
    std::optional<group_contents> contents;
    {
        const auto hold = in.state.db().lock();
        const auto wanted = find_deployable(in, from, *type);
        if (!wanted) {
            return wanted.error();
        }
        build_log log;
        contents = group_contents::load(in, wanted->group, wanted->version, log);
        if (log.store_error()) {
            return internal_error(*log.store_error());
        }
    }
    return fetch_upstream(in, *contents);
}

// Building takes place here, so the answer finds the deployment InProgress or failed (spec/cloud.md
// §7.1). It supersedes an earlier one that is in progress; see deployments.hpp.
api_result deploy_fetched(greengrass_services& in, const call& from, const upstream_finds& finds) {
    const auto type = type_of(required_text(from, "DeploymentType"));
    if (!type) {
        return unknown_type();
    }
    std::optional<deployment> made;
    auto answered = in_transaction(in.state, [&]() -> api_result {
        const auto wanted = find_deployable(in, from, *type);
        if (!wanted) {
            return wanted.error();
        }
        build_log log;
        const auto contents = group_contents::load(in, wanted->group, wanted->version, log);
        const auto cores = contents.elements("cores").size();
        if (cores == 0 && !log.store_error()) {
            return missing_core();
        }
        if (cores > 1) {
            return bare(400, "A group has exactly one core; this version has " +
                                 std::to_string(cores) + ".");
        }
        made = new_deployment(in, *wanted, *type);
        const auto manifest = cores == 1 ? build_manifest(in, contents, finds,
                                                          {made->id, *type, made->created_at}, log)
                                         : contract::manifest();
        const auto finished = finish(in, manifest, log, *made);
        if (!finished) {
            return internal_error(finished.error());
        }
        return reply{
            {{"DeploymentId", made->id}, {"DeploymentArn", deployment_arn(in.identity, *made)}}};
    });
    if (answered) {
        report(in, *made);
    }
    return answered;
}

// It sees to its token itself: what is elsewhere is fetched before a transaction begins.
api_result create_deployment(greengrass_services& in, const call& from) {
    const auto finds = fetch_for_deployment(in, from);
    if (!finds) {
        return finds.error();
    }
    return once_per_token(in.state, "CreateDeployment", from, in.time.now(),
                          [&](const call& each) { return deploy_fetched(in, each, *finds); });
}

}  // namespace evergrass::cloud::greengrass
