#include "edge/secrets/secret_service.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <optional>

namespace evergrass::edge {
namespace {

struct refusal {
    int status;
    std::string message;
};

struct query {
    std::string id;
    std::string version;  // empty: any
    std::string stage;    // empty: any, which only a version's id may stand for
};

std::string told(const refusal& why) {
    return json::serialize(json::object{{"Status", why.status}, {"Message", why.message}});
}

std::string told(const secret& s, const secret_version& v) {
    json::array stages;
    for (const auto& stage : v.stages) {
        stages.emplace_back(stage);
    }
    json::object out({{"ARN", s.arn},
                      {"Name", s.name},
                      {"VersionId", v.id},
                      {"VersionStages", std::move(stages)},
                      {"CreatedDate", v.created_at_ms}},
                     secret_storage());
    if (v.is_binary) {
        auto text = base64_encode(v.value);
        out["SecretBinary"] = text;
        wipe(text);
    } else {
        out["SecretString"] = v.value.view();
    }
    return json::serialize(out);
}

// An optional text of the request; false when it is something else.
bool read_text(const json::object& request, std::string_view name, std::string& into) {
    const auto* value = request.if_contains(name);
    if (value == nullptr || value->is_null()) {
        return true;
    }
    if (!value->is_string() || value->get_string().empty()) {
        return false;
    }
    into = value->get_string();
    return true;
}

boost::system::result<query, refusal> read_query(std::string_view body) {
    const auto document = parse_json(body);
    const auto* request = document ? document->if_object() : nullptr;
    if (request == nullptr) {
        return refusal{400, "The request is not a JSON object."};
    }
    query asked;
    if (!read_text(*request, "SecretId", asked.id) || asked.id.empty()) {
        return refusal{400, "SecretId must be the name or ARN of a secret."};
    }
    if (!read_text(*request, "VersionStage", asked.stage)) {
        return refusal{400, "VersionStage must be a text that is not empty."};
    }
    if (!read_text(*request, "VersionId", asked.version)) {
        return refusal{400, "VersionId must be a text that is not empty."};
    }
    if (asked.stage.empty() && asked.version.empty()) {
        asked.stage = current_stage;
    }
    return asked;
}

bool has_stage(const secret_version& v, std::string_view stage) {
    return std::find(v.stages.begin(), v.stages.end(), stage) != v.stages.end();
}

const json::object* secret_data(const json::value& resource) {
    const auto* object = resource.if_object();
    const auto* container =
        object == nullptr ? nullptr : object_member(*object, "ResourceDataContainer");
    return container == nullptr ? nullptr
                                : object_member(*container, "SecretsManagerSecretResourceData");
}

}  // namespace

void secret_service::grant(const std::vector<contract::function>& functions,
                           const json::array& resources) {
    struct secret_resource {
        std::string arn;
        labels stages;
    };
    std::map<std::string, secret_resource, std::less<>> by_id;
    in_group_.clear();
    grants_.clear();
    for (const auto& resource : resources) {
        const auto* data = secret_data(resource);
        if (data == nullptr) {
            continue;
        }
        secret_resource made{string_member(*data, "ARN").value_or(""),
                             {std::string(current_stage)}};
        const auto* more = array_member(*data, "AdditionalStagingLabelsToDownload");
        for (std::size_t i = 0; more != nullptr && i < more->size(); ++i) {
            if (const auto* label = (*more)[i].if_string()) {
                made.stages.emplace(*label);
            }
        }
        in_group_.insert(made.arn);
        by_id[string_member(resource.get_object(), "Id").value_or("")] = std::move(made);
    }
    for (const auto& f : functions) {
        for (const auto& access : f.resources) {
            if (const auto found = by_id.find(access.resource_id); found != by_id.end()) {
                grants_[f.arn][found->second.arn].insert(found->second.stages.begin(),
                                                         found->second.stages.end());
            }
        }
    }
}

std::vector<std::string> secret_service::missing() const {
    std::vector<std::string> arns;
    for (const auto& arn : in_group_) {
        if (store_.find(arn) == nullptr) {
            arns.push_back(arn);
        }
    }
    return arns;
}

std::string secret_service::answer(std::string_view caller, std::string_view body) const {
    const auto asked = read_query(body);
    if (!asked) {
        return told(asked.error());
    }
    const auto* found = store_.find(asked->id);
    const auto& arn = found == nullptr ? asked->id : found->arn;
    const auto own = grants_.find(caller);
    const auto allowed = own == grants_.end() ? granted::const_iterator() : own->second.find(arn);
    if (own == grants_.end() || allowed == own->second.end()) {
        if (found == nullptr && !in_group_.contains(arn)) {
            return told(refusal{404, "There is no secret '" + asked->id + "' on this core."});
        }
        return told(refusal{401, "The function may not read the secret '" + asked->id +
                                     "': add its secret resource to the function's "
                                     "ResourceAccessPolicies."});
    }
    if (found == nullptr) {
        return told(refusal{404, "The secret '" + asked->id +
                                     "' is in the group and not in this core's store of secrets."});
    }
    if (!asked->stage.empty() && !allowed->second.contains(asked->stage)) {
        return told(refusal{404, "The secret's resource does not have the staging label '" +
                                     asked->stage +
                                     "': add it to AdditionalStagingLabelsToDownload."});
    }
    for (const auto& version : found->versions) {
        const bool readable =
            std::any_of(version.stages.begin(), version.stages.end(),
                        [&](const auto& stage) { return allowed->second.contains(stage); });
        if (readable && (asked->stage.empty() || has_stage(version, asked->stage)) &&
            (asked->version.empty() || version.id == asked->version)) {
            return told(*found, version);
        }
    }
    return told(refusal{404, "The secret '" + asked->id + "' has no such version here (" +
                                 (asked->version.empty() ? asked->stage : asked->version) + ")."});
}

}  // namespace evergrass::edge
