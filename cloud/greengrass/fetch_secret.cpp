#include "cloud/greengrass/fetch_upstream.hpp"
#include "cloud/secrets/secrets.hpp"
#include "cloud/upstream/refusal.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

struct fetched_secret {
    std::string name;
    json::array versions;  // as docs/formats/secrets.md has them
};

std::int64_t as_milliseconds(const json::value* seconds) {
    return seconds != nullptr && seconds->is_number()
               ? std::llround(seconds->to_number<double>() * 1000)
               : 0;
}

// False: it is not an answer of GetSecretValue.
bool add_version(const json::object& told, fetched_secret& into) {
    const auto id = string_member(told, "VersionId");
    const auto text = string_member(told, "SecretString");
    const auto binary = string_member(told, "SecretBinary");
    const auto* stages = array_member(told, "VersionStages");
    if (!id || (!text && !binary) || stages == nullptr) {
        return false;
    }
    into.name = string_member(told, "Name").value_or("");
    for (const auto& known : into.versions) {
        if (string_member(known.get_object(), "versionId") == *id) {
            return true;  // it has several of the labels
        }
    }
    json::object version{{"versionId", *id},
                         {"stages", *stages},
                         {"createdDate", as_milliseconds(told.if_contains("CreatedDate"))}};
    if (text) {
        version["secretString"] = *text;
    } else {
        version["secretBinary"] = *binary;
    }
    into.versions.push_back(std::move(version));
    return true;
}

deployment_fault fault_of(const upstream::refusal& refused, const std::string& arn,
                          const std::string& label, const std::string& url) {
    if (refused.code == "ResourceNotFoundException") {
        return {"SecretHasNoSuchLabel",
                "The secret '" + arn + "' has no version with the staging label '" + label +
                    "' at " + url +
                    "; put one (PutSecretValue), or take the label out of the resource."};
    }
    if (refused.code == "InvalidRequestException") {
        return {"SecretIsDeleted", "The secret '" + arn + "' is refused by " + url + ": " +
                                       refused.to_string() +
                                       "; restore it (RestoreSecret), or take its resource out."};
    }
    return {"SecretRefused", "The secret '" + arn + "' is refused by " + url + ": " +
                                 refused.to_string() +
                                 "; the keys of --upstream must be allowed to read it."};
}

}  // namespace

// AWSCURRENT first: a secret without it is not there.
answer<void> fetch_secret(greengrass_services& in, const std::string& arn,
                          const staging_labels& wanted, upstream_finds& into) {
    const auto url = in.upstream->url_of("secretsmanager");
    std::vector<std::string> labels{std::string(secrets::current)};
    for (const auto& label : wanted) {
        if (label != secrets::current) {
            labels.push_back(label);
        }
    }
    fetched_secret fetched;
    for (const auto& label : labels) {
        const auto told = in.upstream->ask_json(
            "secretsmanager", "secretsmanager.GetSecretValue",
            json::serialize(json::object{{"SecretId", arn}, {"VersionStage", label}}));
        if (!told) {
            return upstream_unreachable(told.error().message());
        }
        if (told->status != 200) {
            const auto refused = upstream::read_refusal(*told);
            if (refused.may_pass()) {
                return upstream_unreachable("secretsmanager at " + url + " answered " +
                                            refused.to_string());
            }
            if (refused.code == "ResourceNotFoundException" && label == secrets::current) {
                return {};  // left to the core's own store
            }
            into.faults.push_back(fault_of(refused, arn, label, url));
            continue;
        }
        const auto body = parse_json(told->body);
        if (!body || !body->is_object() || !add_version(body->get_object(), fetched)) {
            return upstream_unreachable("secretsmanager at " + url +
                                        " gave an answer that is none of GetSecretValue");
        }
    }
    into.secrets->push_back(json::object{{"version", 1},
                                         {"arn", arn},
                                         {"name", std::move(fetched.name)},
                                         {"versions", std::move(fetched.versions)}});
    return {};
}

}  // namespace evergrass::cloud::greengrass
