#include "cloud/greengrass/deployments.hpp"

#include "libs/base/errors.hpp"

#include <set>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::string_view columns =
    "SELECT id, group_id, type, group_arn, group_version, core_thing, status, error_message,"
    " error_details, signed_manifest, created_at, updated_at, sequence FROM deployments ";

json::array stored_details(const db::row& row, int column) {
    if (row.is_null(column)) {
        return {};
    }
    auto parsed = parse_json(row.text(column));
    return parsed && parsed->is_array() ? std::move(parsed->get_array()) : json::array();
}

result<std::optional<deployment>> find_one(store& state, std::string_view name,
                                           std::string_view where, std::string_view key) {
    std::optional<deployment> found;
    auto read = state.db().query(name, std::string(columns) + std::string(where),
                                 {std::string(key)}, [&](const db::row& row) {
                                     found = deployment{row.text(0),
                                                        row.text(1),
                                                        row.text(2),
                                                        row.text(3),
                                                        text_or_nothing(row, 4),
                                                        text_or_nothing(row, 5),
                                                        row.text(6),
                                                        text_or_nothing(row, 7),
                                                        stored_details(row, 8),
                                                        text_or_nothing(row, 9),
                                                        row.integer(10),
                                                        row.integer(11),
                                                        row.integer(12)};
                                 });
    if (!read) {
        return read.error();
    }
    return found;
}

result<void> supersede(store& state, const deployment& by) {
    return state.db().run(
        "greengrass.supersede",
        "UPDATE deployments SET status = 'Failure', error_message = ?4, updated_at = ?5"
        " WHERE status = 'InProgress' AND (group_id = ?1 OR core_thing = ?2) AND id <> ?3",
        {by.group_id, text_or_null(by.core_thing), by.id,
         "Superseded by deployment " + by.id + " before the core had finished it.", by.created_at});
}

result<void> add_member(store& state, const std::string& group_id,
                        const contract::group_member& member, std::string_view role) {
    return state.db().run(
        "greengrass.add_member",
        "INSERT OR REPLACE INTO group_members(group_id, thing, role, certificate_id)"
        " VALUES(?1, ?2, ?3, ?4)",
        {group_id, member.thing_name(), std::string(role), member.certificate_id()});
}

result<void> clear_members(store& state, std::string_view group_id) {
    return state.db().run("greengrass.clear_members",
                          "DELETE FROM group_members WHERE group_id = ?1", {std::string(group_id)});
}

std::set<std::string> artifacts_of(const contract::manifest& manifest) {
    std::set<std::string> wanted;
    for (const auto& function : manifest.functions) {
        if (!function.artifact.empty()) {
            wanted.insert(function.artifact);
        }
    }
    for (const auto& file : manifest.files) {
        wanted.insert(file.artifact);
    }
    return wanted;
}

// The core fetches what is in force, and what it had last, should it go back to that. A model's
// file that no object has any more may go then.
result<void> forget_artifacts(store& state, const std::string& core,
                              const std::set<std::string>& wanted) {
    auto kept = wanted;
    const auto last = find_one(state, "greengrass.last_success_on_core",
                               "WHERE core_thing = ?1 AND signed_manifest IS NOT NULL"
                               " AND status = 'Success' ORDER BY sequence DESC LIMIT 1",
                               core);
    if (!last) {
        return last.error();
    }
    if (*last) {
        const auto before = manifest_of(**last);
        if (!before) {
            return before.error();
        }
        kept.merge(artifacts_of(*before));
    }
    std::vector<std::string> dropped;
    auto read = state.db().query("greengrass.artifacts_of_core",
                                 "SELECT sha256 FROM deployment_artifacts WHERE core_thing = ?1",
                                 {core}, [&](const db::row& row) {
                                     if (auto artifact = row.text(0); !kept.contains(artifact)) {
                                         dropped.push_back(std::move(artifact));
                                     }
                                 });
    for (const auto& artifact : dropped) {
        if (read) {
            read = state.db().run(
                "greengrass.drop_artifact",
                "DELETE FROM deployment_artifacts WHERE core_thing = ?1 AND sha256 = ?2",
                {core, artifact});
        }
        if (read) {
            read = state.db().run("greengrass.leave_artifact",
                                  "INSERT OR IGNORE INTO object_leftovers(sha256, since)"
                                  " SELECT ?1, 0 WHERE NOT EXISTS"
                                  " (SELECT 1 FROM blobs WHERE sha256 = ?1)",
                                  {artifact});
        }
    }
    return read;
}

result<void> allow_artifacts(store& state, const contract::manifest& manifest) {
    const auto wanted = artifacts_of(manifest);
    if (auto forgotten = forget_artifacts(state, manifest.core.thing_name(), wanted); !forgotten) {
        return forgotten;
    }
    for (const auto& artifact : wanted) {
        auto allowed = state.db().run(
            "greengrass.allow_artifact",
            "INSERT OR IGNORE INTO deployment_artifacts(core_thing, sha256) VALUES(?1, ?2)",
            {manifest.core.thing_name(), artifact});
        if (!allowed) {
            return allowed;
        }
    }
    return {};
}

}  // namespace

bool deployment::is_reset() const {
    return type == to_string(contract::deployment_type::reset) ||
           type == to_string(contract::deployment_type::force_reset);
}

result<std::optional<deployment>> find_deployment(store& state, std::string_view id) {
    return find_one(state, "greengrass.find_deployment", "WHERE id = ?1", id);
}

result<std::optional<deployment>> last_deployment(store& state, std::string_view group_id) {
    return find_one(state, "greengrass.last_deployment",
                    "WHERE group_id = ?1 ORDER BY sequence DESC LIMIT 1", group_id);
}

result<std::optional<deployment>> last_built_deployment(store& state, std::string_view group_id) {
    return find_one(state, "greengrass.last_built_deployment",
                    "WHERE group_id = ?1 AND signed_manifest IS NOT NULL"
                    " ORDER BY sequence DESC LIMIT 1",
                    group_id);
}

result<std::optional<deployment>> last_deployment_for_core(store& state, std::string_view thing) {
    return find_one(state, "greengrass.last_deployment_for_core",
                    "WHERE core_thing = ?1 ORDER BY sequence DESC LIMIT 1", thing);
}

result<std::optional<deployment>> running_on_core(store& state, std::string_view thing) {
    return find_one(state, "greengrass.running_on_core",
                    "WHERE core_thing = ?1 AND signed_manifest IS NOT NULL AND status <> 'Failure'"
                    " ORDER BY sequence DESC LIMIT 1",
                    thing);
}

result<bool> is_deployed(store& state, std::string_view group_id) {
    std::string type;
    auto read =
        state.db().query("greengrass.deployed_type",
                         "SELECT type FROM deployments WHERE group_id = ?1"
                         " AND (signed_manifest IS NOT NULL OR status = 'Success')"
                         " ORDER BY sequence DESC LIMIT 1",
                         {std::string(group_id)}, [&](const db::row& row) { type = row.text(0); });
    if (!read) {
        return read.error();
    }
    return type == to_string(contract::deployment_type::new_deployment) ||
           type == to_string(contract::deployment_type::redeployment);
}

result<void> insert_deployment(store& state, const deployment& made) {
    auto superseded = supersede(state, made);
    if (!superseded) {
        return superseded;
    }
    return state.db().run(
        "greengrass.insert_deployment",
        "INSERT INTO deployments(id, group_id, type, group_arn, group_version, core_thing, status,"
        " error_message, error_details, signed_manifest, created_at, updated_at)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        {made.id, made.group_id, made.type, made.group_arn, text_or_null(made.group_version),
         text_or_null(made.core_thing), made.status, text_or_null(made.error_message),
         json::serialize(made.error_details), text_or_null(made.signed_manifest), made.created_at,
         made.updated_at});
}

result<void> set_deployment_status(store& state, const deployment& changed) {
    return state.db().run("greengrass.set_deployment_status",
                          "UPDATE deployments SET status = ?2, error_message = ?3,"
                          " error_details = ?4, updated_at = ?5 WHERE id = ?1",
                          {changed.id, changed.status, text_or_null(changed.error_message),
                           json::serialize(changed.error_details), changed.updated_at});
}

result<void> attach_manifest(greengrass_services& in, const contract::manifest& manifest,
                             deployment& made) {
    const auto signed_text = in.signer.sign(contract::to_json_text(manifest));
    if (!signed_text) {
        return signed_text.error();
    }
    made.signed_manifest = contract::to_json_text(*signed_text);
    made.core_thing = manifest.core.thing_name();
    return {};
}

result<contract::manifest> manifest_of(const deployment& built) {
    const auto what = "deployment " + built.id + " in the service's database";
    if (!built.signed_manifest) {
        return error{errc::not_found, what + " has no manifest"};
    }
    const auto signed_text = contract::parse_signed_manifest(*built.signed_manifest);
    if (!signed_text) {
        return with_context(signed_text.error(), what);
    }
    auto manifest = contract::parse_manifest(signed_text->manifest_text);
    if (!manifest) {
        return with_context(manifest.error(), what);
    }
    return manifest;
}

result<void> put_in_force(store& state, const contract::manifest& manifest) {
    auto cleared = clear_members(state, manifest.group_id);
    if (!cleared || manifest.is_reset()) {
        return cleared;
    }
    auto moved = state.db().run("greengrass.core_moved",
                                "DELETE FROM group_members WHERE group_id IN"
                                " (SELECT group_id FROM group_members"
                                "  WHERE thing = ?1 AND role = 'core')",
                                {manifest.core.thing_name()});
    if (!moved) {
        return moved;
    }
    auto added = add_member(state, manifest.group_id, manifest.core, "core");
    for (const auto& device : manifest.devices) {
        if (!added) {
            return added;
        }
        added = add_member(state, manifest.group_id, device, "device");
    }
    if (!added) {
        return added;
    }
    return allow_artifacts(state, manifest);
}

result<void> put_former_in_force(store& state, std::string_view group_id) {
    const auto former = find_one(state, "greengrass.former_deployment",
                                 "WHERE group_id = ?1 AND signed_manifest IS NOT NULL"
                                 " AND status <> 'Failure' ORDER BY sequence DESC LIMIT 1",
                                 group_id);
    if (!former) {
        return former.error();
    }
    if (!*former) {
        return clear_members(state, group_id);
    }
    const auto manifest = manifest_of(**former);
    if (!manifest) {
        return manifest.error();
    }
    return put_in_force(state, *manifest);
}

std::string deployment_arn(const service_identity& identity, const deployment& shown) {
    return identity.greengrass_arn("/greengrass/groups/" + shown.group_id + "/deployments/" +
                                   shown.id);
}

}  // namespace evergrass::cloud::greengrass
