#include "cloud/greengrass/definitions.hpp"

#include "cloud/greengrass/tags.hpp"
#include "libs/base/random.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

std::string path_of(std::string_view kind, std::string_view id) {
    std::string path = "/greengrass/";
    if (kind != group_family().kind) {
        path += "definition/";
    }
    return path.append(kind).append("/").append(id);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

bool is_kind(std::string_view text) {
    return std::ranges::any_of(definition_families(),
                               [&](const auto& family) { return family.kind == text; });
}

}  // namespace

result<std::optional<definition>> find_definition(store& state, std::string_view kind,
                                                  std::string_view id) {
    std::optional<definition> found;
    auto read = state.db().query("greengrass.find_definition",
                                 "SELECT id, name, latest_version, created_at, updated_at"
                                 " FROM definitions WHERE kind = ?1 AND id = ?2",
                                 {std::string(kind), std::string(id)}, [&](const db::row& row) {
                                     found = definition{row.text(0), text_or_nothing(row, 1),
                                                        text_or_nothing(row, 2), row.integer(3),
                                                        row.integer(4)};
                                 });
    if (!read) {
        return read.error();
    }
    return found;
}

result<std::optional<definition_version>> find_version(store& state, std::string_view kind,
                                                       std::string_view id,
                                                       std::string_view version) {
    std::optional<definition_version> found;
    auto read = state.db().query(
        "greengrass.find_version",
        "SELECT definition_id, version, ordinal, content, created_at FROM definition_versions"
        " WHERE kind = ?1 AND definition_id = ?2 AND version = ?3",
        {std::string(kind), std::string(id), std::string(version)}, [&](const db::row& row) {
            found = definition_version{row.text(0), row.text(1), row.integer(2),
                                       stored_object(row.text(3)), row.integer(4)};
        });
    if (!read) {
        return read.error();
    }
    return found;
}

answer<definition> require_definition(store& state, const definition_family& family,
                                      std::string_view id, std::string_view missing) {
    auto found = find_definition(state, family.kind, id);
    if (!found) {
        return internal_error(found.error());
    }
    if (!*found) {
        return id_not_found(std::string(missing));
    }
    return std::move(**found);
}

result<definition> insert_definition(greengrass_services& in, std::string_view kind,
                                     const std::optional<std::string>& name) {
    const auto now = now_milliseconds(in);
    definition made{uuid_v4(), name, std::nullopt, now, now};
    auto written =
        in.state.db().run("greengrass.insert_definition",
                          "INSERT INTO definitions(kind, id, name, created_at, updated_at)"
                          " VALUES(?1, ?2, ?3, ?4, ?4)",
                          {std::string(kind), made.id, text_or_null(name), now});
    if (!written) {
        return written.error();
    }
    return made;
}

result<definition_version> insert_version(greengrass_services& in, std::string_view kind,
                                          definition& owner, json::object content) {
    const auto now = now_milliseconds(in);
    definition_version made{owner.id, uuid_v4(), 1, std::move(content), now};
    auto& db = in.state.db();
    // The latest is the one that was made last, and found by its key; to look for the greatest
    // ordinal would be to read them all.
    auto counted = db.query("greengrass.last_ordinal",
                            "SELECT v.ordinal FROM definitions AS d JOIN definition_versions AS v"
                            " ON v.kind = d.kind AND v.definition_id = d.id"
                            " AND v.version = d.latest_version WHERE d.kind = ?1 AND d.id = ?2",
                            {std::string(kind), owner.id},
                            [&](const db::row& row) { made.ordinal = row.integer(0) + 1; });
    if (!counted) {
        return counted.error();
    }
    auto written = db.run("greengrass.insert_version",
                          "INSERT INTO definition_versions(kind, definition_id, version, ordinal,"
                          " content, created_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                          {std::string(kind), owner.id, made.version, made.ordinal,
                           json::serialize(made.content), now});
    if (!written) {
        return written.error();
    }
    auto moved = db.run("greengrass.set_latest_version",
                        "UPDATE definitions SET latest_version = ?3, updated_at = ?4"
                        " WHERE kind = ?1 AND id = ?2",
                        {std::string(kind), owner.id, made.version, now});
    if (!moved) {
        return moved.error();
    }
    owner.latest_version = made.version;
    owner.updated_at = now;
    return made;
}

result<void> erase_definition(greengrass_services& in, std::string_view kind, std::string_view id) {
    auto& db = in.state.db();
    auto versions = db.run("greengrass.delete_versions",
                           "DELETE FROM definition_versions WHERE kind = ?1 AND definition_id = ?2",
                           {std::string(kind), std::string(id)});
    if (!versions) {
        return versions;
    }
    auto untagged = drop_tags(in.state, definition_arn(in.identity, kind, id));
    if (!untagged) {
        return untagged;
    }
    return db.run("greengrass.delete_definition",
                  "DELETE FROM definitions WHERE kind = ?1 AND id = ?2",
                  {std::string(kind), std::string(id)});
}

std::string definition_arn(const service_identity& identity, std::string_view kind,
                           std::string_view id) {
    return identity.greengrass_arn(path_of(kind, id));
}

std::string version_arn(const service_identity& identity, std::string_view kind,
                        std::string_view id, std::string_view version) {
    return identity.greengrass_arn(path_of(kind, id).append("/versions/").append(version));
}

std::optional<definition_reference> parse_reference(const service_identity& identity,
                                                    std::string_view arn) {
    const auto prefix = identity.greengrass_arn("/greengrass/");
    if (!arn.starts_with(prefix)) {
        return std::nullopt;
    }
    auto parts = split(arn.substr(prefix.size()), '/');
    if (parts.front() == "definition") {
        parts.erase(parts.begin());
        if (parts.empty() || !is_kind(parts.front())) {
            return std::nullopt;
        }
    } else if (parts.front() != group_family().kind) {
        return std::nullopt;
    }
    if (parts.size() == 2) {
        return definition_reference{std::string(parts[0]), std::string(parts[1]), ""};
    }
    if (parts.size() == 4 && parts[2] == "versions") {
        return definition_reference{std::string(parts[0]), std::string(parts[1]),
                                    std::string(parts[3])};
    }
    return std::nullopt;
}

json::object describe(const service_identity& identity, std::string_view kind,
                      const definition& shown, json::storage_ptr where) {
    json::object out(std::move(where));
    out.reserve(8);  // with tags
    auto arn = definition_arn(identity, kind, shown.id);
    out.emplace("Arn", arn);
    out.emplace("Id", shown.id);
    out.emplace("CreationTimestamp", as_timestamp(shown.created_at));
    out.emplace("LastUpdatedTimestamp", as_timestamp(shown.updated_at));
    if (shown.name) {
        out.emplace("Name", *shown.name);
    }
    if (shown.latest_version) {
        out.emplace("LatestVersion", *shown.latest_version);
        out.emplace("LatestVersionArn", arn.append("/versions/").append(*shown.latest_version));
    }
    return out;
}

json::object describe(const service_identity& identity, std::string_view kind,
                      const definition_version& shown) {
    return {{"Arn", version_arn(identity, kind, shown.definition_id, shown.version)},
            {"CreationTimestamp", as_timestamp(shown.created_at)},
            {"Id", shown.definition_id},
            {"Version", shown.version}};
}

json::object version_content(const definition_family& family, const json::object& input) {
    json::object content;
    const auto take = [&](std::string_view member) {
        if (const auto* value = input.if_contains(member); value != nullptr && !value->is_null()) {
            content[member] = *value;
        }
    };
    if (family.is_group()) {
        for (const auto& referred : definition_families()) {
            take(referred.reference_member());
        }
        return content;
    }
    take(family.list);
    if (family.kind == "functions") {
        take("DefaultConfig");
    }
    return content;
}

}  // namespace evergrass::cloud::greengrass
