#include "cloud/secrets/secrets.hpp"
#include "libs/base/encoding.hpp"

#include <algorithm>

namespace evergrass::cloud::secrets {
namespace {

constexpr std::size_t longest_value = 65536;
constexpr std::int64_t most_unlabelled = 100;

// What a sealed value belongs to.
std::string about(const std::string& arn, const std::string& version) {
    return "secret_versions.sealed/" + arn + "/" + version;
}

answer<std::optional<std::string>> holder_of(secret_registry& in, const std::string& arn,
                                             const std::string& stage) {
    std::optional<std::string> holder;
    const auto read = in.state.db().query(
        "secrets.stage_holder", "SELECT version FROM secret_stages WHERE arn = ?1 AND stage = ?2",
        {arn, stage}, [&](const db::row& row) { holder = row.text(0); });
    if (!read) {
        return internal_error(read.error());
    }
    return holder;
}

answer<void> set_stage(secret_registry& in, const std::string& arn, const std::string& stage,
                       const std::string& version) {
    return written(in.state.db().run(
        "secrets.set_stage",
        "INSERT OR REPLACE INTO secret_stages(arn, stage, version) VALUES(?1, ?2, ?3)",
        {arn, stage, version}));
}

answer<void> insert_version(secret_registry& in, const std::string& arn, const std::string& id,
                            const secret_value& value) {
    return written(
        in.state.db().run("secrets.insert_version",
                          "INSERT INTO secret_versions(arn, id, sealed, is_binary, created_at)"
                          " VALUES(?1, ?2, ?3, ?4, ?5)",
                          {arn, id, db::blob{in.state.secrets().seal(value.bytes, about(arn, id))},
                           std::int64_t{value.is_binary ? 1 : 0}, now_milliseconds(in)}));
}

bool are_same(const secret_value& a, const secret_value& b) {
    return a.is_binary == b.is_binary && a.bytes == b.bytes;
}

}  // namespace

answer<std::optional<secret_value>> requested_value(const call& from) {
    const auto text = string_member(from.input, "SecretString");
    const auto binary = string_member(from.input, "SecretBinary");
    if (text && binary) {
        return invalid_parameter("You can't specify both SecretString and SecretBinary.");
    }
    if (!text && !binary) {
        return std::optional<secret_value>();
    }
    secret_value value{binary.has_value(), text.value_or("")};
    if (binary) {
        auto decoded = base64_decode(*binary);
        if (!decoded) {
            return invalid_parameter("SecretBinary is not base64.");
        }
        value.bytes = std::move(*decoded);
    }
    if (value.bytes.size() > longest_value) {
        return invalid_parameter("The secret value is longer than 65536 bytes.");
    }
    return std::optional(std::move(value));
}

answer<secret_value> open_value(secret_registry& in, const std::string& arn,
                                const std::string& version) {
    std::optional<std::string> sealed;
    secret_value value;
    const auto read = in.state.db().query(
        "secrets.value", "SELECT sealed, is_binary FROM secret_versions WHERE arn = ?1 AND id = ?2",
        {arn, version}, [&](const db::row& row) {
            sealed = row.text(0);
            value.is_binary = row.integer(1) != 0;
        });
    if (!read) {
        return internal_error(read.error());
    }
    if (!sealed) {
        return not_found();
    }
    auto opened = in.state.secrets().unseal(*sealed, about(arn, version));
    if (!opened) {
        return internal_error(with_context(opened.error(), "a version of " + arn));
    }
    value.bytes = std::move(*opened);
    return value;
}

answer<void> move_stage(secret_registry& in, const std::string& arn, const std::string& stage,
                        const std::string& to_version) {
    const auto holder = holder_of(in, arn, stage);
    if (!holder) {
        return holder.error();
    }
    if (stage == current && *holder && **holder != to_version) {
        if (auto kept = set_stage(in, arn, std::string(previous), **holder); !kept) {
            return kept;
        }
    }
    if (auto moved = set_stage(in, arn, stage, to_version); !moved) {
        return moved;
    }
    return written(in.state.db().run(
        "secrets.drop_unlabelled",
        "DELETE FROM secret_versions WHERE arn = ?1 AND id IN (SELECT v.id FROM secret_versions"
        " AS v WHERE v.arn = ?1 AND NOT EXISTS(SELECT 1 FROM secret_stages AS s WHERE s.arn = ?1"
        " AND s.version = v.id) ORDER BY v.created_at DESC LIMIT -1 OFFSET ?2)",
        {arn, most_unlabelled}));
}

answer<void> put_version(secret_registry& in, const secret_record& owner, const std::string& token,
                         const secret_value& value, const std::vector<std::string>& stages) {
    const auto versions = versions_of(in, owner.arn);
    if (!versions) {
        return versions.error();
    }
    if (std::ranges::find(*versions, token, &version_record::id) != versions->end()) {
        const auto there = open_value(in, owner.arn, token);
        if (!there) {
            return there.error();
        }
        if (!are_same(*there, value)) {
            return already_exists("You can't use ClientRequestToken " + token +
                                  " because that value is already in use for a version of secret " +
                                  owner.arn + ".");
        }
        return {};
    }
    if (auto inserted = insert_version(in, owner.arn, token, value); !inserted) {
        return inserted;
    }
    auto labels = stages;
    if (versions->empty() && std::ranges::find(labels, current) == labels.end()) {
        labels.emplace_back(current);  // the first one is the current one, whatever else it is
    }
    for (const auto& label : labels) {
        if (auto moved = move_stage(in, owner.arn, label, token); !moved) {
            return moved;
        }
    }
    auto changed = owner;
    changed.changed_at = now_milliseconds(in);
    return write_secret(in, changed);
}

}  // namespace evergrass::cloud::secrets
