#include "cloud/iot/tags.hpp"

#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iot {
namespace {

// AWS's quota.
constexpr std::size_t most_tags = 50;

struct taggable {
    std::string_view prefix;
    std::string_view statement;
    std::string_view sql;
};

constexpr taggable kinds[] = {
    {"thinggroup/", "iot.tags.thing_group", "SELECT count(*) FROM thing_groups WHERE name = ?1"},
    {"thingtype/", "iot.tags.thing_type", "SELECT count(*) FROM thing_types WHERE name = ?1"},
    {"policy/", "iot.tags.policy", "SELECT count(*) FROM policies WHERE name = ?1"},
    {"job/", "iot.tags.job", "SELECT count(*) FROM jobs WHERE id = ?1"},
    {"cacert/", "iot.tags.ca", "SELECT count(*) FROM ca_certificates WHERE id = ?1"},
    {"provisioningtemplate/", "iot.tags.provisioning_template",
     "SELECT count(*) FROM provisioning_templates WHERE name = ?1"},
};

}  // namespace

std::optional<api_error> check_taggable(registry& in, const std::string& arn) {
    for (const auto& kind : kinds) {
        const auto prefix = in.identity.iot_arn(kind.prefix);
        if (!arn.starts_with(prefix)) {
            continue;
        }
        const auto there = exists(in, kind.statement, kind.sql, {arn.substr(prefix.size())});
        if (!there) {
            return there.error();
        }
        return *there
                   ? std::nullopt
                   : std::optional(resource_not_found("The resource " + arn + " does not exist."));
    }
    return invalid_request("resourceArn '" + arn +
                           "' is not the ARN of a thing group, thing type, policy, job, CA "
                           "certificate or provisioning template of account " +
                           in.identity.account + " and region " + in.identity.region +
                           "; those have tags.");
}

std::optional<api_error> add_tags(registry& in, const std::string& arn, const json::array* tags) {
    const auto wanted = tags_from_list(tags);
    for (const auto& tag : wanted) {
        if (tag.key().starts_with("aws:")) {
            return invalid_request("tags: keys that begin with aws: are AWS's own.");
        }
    }
    if (wanted.empty()) {
        return std::nullopt;
    }
    if (auto set = set_tags(in.state, arn, wanted); !set) {
        return internal_error(set.error());
    }
    const auto all = tags_of(in.state, arn);
    if (!all) {
        return internal_error(all.error());
    }
    if (all->size() > most_tags) {
        return api_error{400, "LimitExceededException", "A resource has at most 50 tags.", {}};
    }
    return std::nullopt;
}

}  // namespace evergrass::cloud::iot
