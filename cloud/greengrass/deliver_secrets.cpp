#include "cloud/greengrass/deliver_secrets.hpp"

#include "cloud/secrets/secrets.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/pki/envelope.hpp"

#include <algorithm>
#include <set>

namespace evergrass::cloud::greengrass {
namespace {

// Deployments that may still be fetched, or come back, are the newest few.
constexpr std::int64_t kept_bundles = 8;

const json::object* secret_data(const json::value& resource) {
    const auto* object = resource.if_object();
    const auto* container =
        object == nullptr ? nullptr : object_member(*object, "ResourceDataContainer");
    return container == nullptr ? nullptr
                                : object_member(*container, "SecretsManagerSecretResourceData");
}

// A version as docs/formats/secrets.md has it.
json::object as_version(const secrets::version_record& version,
                        const secrets::secret_value& value) {
    json::object out{{"versionId", version.id},
                     {"stages", secrets::as_array(version.stages)},
                     {"createdDate", version.created_at}};
    if (value.is_binary) {
        out["secretBinary"] = base64_encode(value.bytes);
    } else {
        out["secretString"] = value.bytes;
    }
    return out;
}

class bundle {
public:
    bundle(greengrass_services& in, build_log& log) : in_(*in.secrets), log_(log) {}

    void add(const std::string& arn, const staging_labels& wanted) {
        const auto found = secrets::find_secret(in_, arn);
        if (!take(found) || !*found || (*found)->arn != arn) {
            return;
        }
        if ((*found)->deleted_at) {
            log_.fault("SecretIsDeleted", "The secret '" + arn +
                                              "' is marked for deletion; restore it "
                                              "(RestoreSecret), or take its resource out.");
            return;
        }
        const auto versions = secrets::versions_of(in_, arn);
        if (!take(versions)) {
            return;
        }
        json::array delivered;
        staging_labels missing = wanted;
        for (const auto& version : *versions) {
            const bool is_wanted = std::ranges::any_of(
                version.stages, [&](const auto& stage) { return wanted.contains(stage); });
            if (!is_wanted) {
                continue;
            }
            for (const auto& stage : version.stages) {
                missing.erase(stage);
            }
            const auto value = secrets::open_value(in_, arn, version.id);
            if (!take(value)) {
                return;
            }
            delivered.push_back(as_version(version, *value));
        }
        for (const auto& label : missing) {
            log_.fault("SecretHasNoSuchLabel",
                       "The secret '" + arn + "' has no version with the staging label '" + label +
                           "'; put one (PutSecretValue), or take the label out of the resource.");
        }
        all_.push_back(json::object{{"version", 1},
                                    {"arn", arn},
                                    {"name", (*found)->name},
                                    {"versions", std::move(delivered)}});
    }

    json::array& all() { return all_; }

private:
    template <class T>
    bool take(const cloud::answer<T>& outcome) {
        if (outcome.has_error()) {
            log_.read(result<void>(error{{}, outcome.error().why + outcome.error().message}));
        }
        return outcome.has_value();
    }

    secrets::secret_registry& in_;
    build_log& log_;
    json::array all_;
};

result<void> keep(store& state, const std::string& thing, const std::string& sha256,
                  const std::string& sealed) {
    auto& db = state.db();
    auto done = db.run("greengrass.keep_secrets",
                       "INSERT OR IGNORE INTO blobs(sha256, content) VALUES(?1, ?2)",
                       {sha256, db::blob{sealed}});
    if (done) {
        done = db.run("greengrass.note_secrets",
                      "INSERT INTO secret_bundles(core_thing, sha256) VALUES(?1, ?2)",
                      {thing, sha256});
    }
    constexpr std::string_view old =
        "(SELECT sha256 FROM secret_bundles WHERE core_thing = ?1"
        " ORDER BY sequence DESC LIMIT -1 OFFSET ?2)";
    for (const std::string_view table : {"blobs", "deployment_artifacts", "secret_bundles"}) {
        if (done) {
            done =
                db.run("greengrass.drop_old_secrets." + std::string(table),
                       "DELETE FROM " + std::string(table) + " WHERE sha256 IN " + std::string(old),
                       {thing, kept_bundles});
        }
    }
    return done;
}

}  // namespace

result<std::string> certificate_of_core(store& state, const contract::group_member& core) {
    std::string pem;
    auto read = state.db().query(
        "greengrass.core_certificate", "SELECT pem FROM certificates WHERE id = ?1",
        {core.certificate_id()}, [&](const db::row& row) { pem = row.text(0); });
    if (!read) {
        return read.error();
    }
    return pem;
}

json::array secrets_here(greengrass_services& in, const contract::manifest& wanted,
                         build_log& log) {
    bundle made(in, log);
    for (const auto& [arn, stages] : wanted_secrets(wanted.resources)) {
        made.add(arn, stages);
    }
    return std::move(made.all());
}

std::map<std::string, staging_labels> wanted_secrets(const json::array& resources) {
    std::map<std::string, staging_labels> wanted;
    for (const auto& resource : resources) {
        const auto* data = secret_data(resource);
        if (data == nullptr) {
            continue;
        }
        auto& stages = wanted[string_member(*data, "ARN").value_or("")];
        stages.emplace(secrets::current);
        const auto* more = array_member(*data, "AdditionalStagingLabelsToDownload");
        for (std::size_t i = 0; more != nullptr && i < more->size(); ++i) {
            if (const auto* label = (*more)[i].if_string()) {
                stages.emplace(*label);
            }
        }
    }
    return wanted;
}

void deliver_secrets(greengrass_services& in, const upstream_finds& finds, contract::manifest& into,
                     build_log& log) {
    if (in.secrets == nullptr && !finds.secrets) {
        return;
    }
    const auto all = finds.secrets ? *finds.secrets : secrets_here(in, into, log);
    if (all.empty() || !log.faults().empty() || log.store_error()) {
        return;
    }
    const auto certificate = certificate_of_core(in.state, into.core);
    if (!log.read(certificate)) {
        return;
    }
    if (certificate->empty()) {
        log.fault("CoreNotRegistered",
                  "The group has secrets, which are sealed for its core, and "
                  "the certificate '" +
                      into.core.certificate_arn +
                      "' is not registered; register it and deploy again.");
        return;
    }
    const auto sealed =
        pki::seal_for(*certificate, json::serialize(json::object{{"secrets", all}}));
    if (!sealed) {
        log.fault("CannotSealSecrets", "The group's secrets cannot be sealed for the core: " +
                                           sealed.error().message() + ".");
        return;
    }
    const auto sha256 = sha256_hex(*sealed);
    if (log.read(keep(in.state, into.core.thing_name(), sha256, *sealed))) {
        into.files.push_back(
            {contract::delivery::secrets, "", sha256, static_cast<std::int64_t>(sealed->size())});
    }
}

}  // namespace evergrass::cloud::greengrass
