#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/greengrass/records.hpp"
#include "contract/manifest.hpp"

#include <string>
#include <string_view>

// Deployments in the store. The caller holds the store's lock.
//
// One deployment a group is current: the newest. A deployment never waits for an earlier one, which
// a core that is switched off would hold up for ever; it supersedes it, whether the core had begun
// with it or not. (V1 refused with ConcurrentDeployment while an earlier one was Building; here
// Building ends within CreateDeployment's own transaction, so nobody ever sees it.)
namespace evergrass::cloud::greengrass {

struct deployment {
    std::string id;
    std::string group_id;
    std::string type;       // "NewDeployment" … as the API spells them
    std::string group_arn;  // the group version's; the group's for a reset
    std::optional<std::string> group_version;
    std::optional<std::string> core_thing;
    std::string status;
    std::optional<std::string> error_message;
    json::array error_details;
    std::optional<std::string> signed_manifest;  // none when building failed
    std::int64_t created_at = 0;                 // milliseconds since 1970, as below
    std::int64_t updated_at = 0;
    std::int64_t sequence = 0;  // grows with each deployment; set by the store

    bool is_reset() const;
    bool is_in_progress() const { return status == "InProgress"; }
};

result<std::optional<deployment>> find_deployment(store& state, std::string_view id);
// The newest of the group, whatever became of it.
result<std::optional<deployment>> last_deployment(store& state, std::string_view group_id);
// The newest of the group that has a manifest.
result<std::optional<deployment>> last_built_deployment(store& state, std::string_view group_id);
// The newest for the core, of whichever group.
result<std::optional<deployment>> last_deployment_for_core(store& state, std::string_view thing);

// The newest for the core that it runs, or is about to.
result<std::optional<deployment>> running_on_core(store& state, std::string_view thing);

// The group's newest manifest is one that a core runs or may run.
result<bool> is_deployed(store& state, std::string_view group_id);

// Supersedes what the group, or the core in another group, had in progress.
result<void> insert_deployment(store& state, const deployment& made);
result<void> set_deployment_status(store& state, const deployment& changed);

// Signs, and fills in what the deployment keeps of its manifest.
result<void> attach_manifest(greengrass_services& in, const contract::manifest& manifest,
                             deployment& made);
// The manifest that was signed.
result<contract::manifest> manifest_of(const deployment& built);

// Who is in the group from now on, and what its core may fetch. A core runs one group: another
// group that had the same core has no members any more.
result<void> put_in_force(store& state, const contract::manifest& manifest);
// The newest deployment failed: the core goes on with the one before, if any.
result<void> put_former_in_force(store& state, std::string_view group_id);

std::string deployment_arn(const service_identity& identity, const deployment& shown);

}  // namespace evergrass::cloud::greengrass
