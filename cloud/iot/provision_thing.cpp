#include "cloud/iot/provision_thing.hpp"

#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/policy_versions.hpp"
#include "cloud/iot/thing_attributes.hpp"
#include "cloud/iot/thing_groups.hpp"
#include "cloud/iot/thing_types.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>

namespace evergrass::cloud::iot {
namespace {

api_error not_registered(std::string why) {
    return {400, "ResourceRegistrationFailureException", std::move(why), {}, {}};
}

// An operation's refusal, as a reason of ours.
api_error because(const api_error& why) {
    return why.status >= 500 ? why : not_registered(why.message);
}

bool is_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == ':';
    };
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), allowed);
}

api_error differs(const planned_thing& wanted, const char* property) {
    return not_registered("Thing " + wanted.name + " exists already with another " + property +
                          ", and OverrideSettings do not say what to do.");
}

answer<json::object> attributes_of(const json::object& before, const json::object& wanted,
                                   bool merge) {
    return apply_attributes(
        before, {{"attributePayload", json::object{{"attributes", wanted}, {"merge", merge}}}});
}

std::optional<api_error> insert_thing(registry& in, const planned_thing& wanted) {
    if (wanted.type) {
        if (auto refused = check_type_of_thing(in, *wanted.type)) {
            return because(*refused);
        }
    }
    const auto attributes = attributes_of({}, wanted.attributes, false);
    if (!attributes) {
        return because(attributes.error());
    }
    return write(in, "iot.provision_thing",
                 "INSERT INTO things(name, id, type_name, attributes, created_at)"
                 " VALUES(?1, ?2, ?3, ?4, ?5)",
                 {wanted.name, uuid_v4(), text_or_null(wanted.type), json::serialize(*attributes),
                  now_milliseconds(in)});
}

std::optional<api_error> change_thing(registry& in, const planned_thing& wanted,
                                      const thing_record& old) {
    auto type = old.type_name;
    if (wanted.type && wanted.type != old.type_name) {
        if (wanted.on_type == override_rule::fail) {
            return differs(wanted, "type");
        }
        if (wanted.on_type == override_rule::replace) {
            if (auto refused = check_type_of_thing(in, *wanted.type)) {
                return because(*refused);
            }
            type = wanted.type;
        }
    }
    auto attributes = old.attributes;
    if (!wanted.attributes.empty() && wanted.attributes != old.attributes) {
        if (wanted.on_attributes == override_rule::fail) {
            return differs(wanted, "set of attributes");
        }
        if (wanted.on_attributes != override_rule::do_nothing) {
            auto changed = attributes_of(old.attributes, wanted.attributes,
                                         wanted.on_attributes == override_rule::merge);
            if (!changed) {
                return because(changed.error());
            }
            attributes = std::move(*changed);
        }
    }
    if (type == old.type_name && attributes == old.attributes) {
        return std::nullopt;
    }
    return write(in, "iot.change_provisioned_thing",
                 "UPDATE things SET type_name = ?2, attributes = ?3, version = version + 1"
                 " WHERE name = ?1",
                 {wanted.name, text_or_null(type), json::serialize(attributes)});
}

answer<std::vector<std::string>> groups_of_thing(registry& in, const std::string& thing) {
    std::vector<std::string> names;
    const auto read = in.state.db().query(
        "iot.groups_of_provisioned",
        "SELECT group_name FROM thing_group_things WHERE thing = ?1 ORDER BY group_name", {thing},
        [&](const db::row& row) { names.push_back(row.text(0)); });
    if (!read) {
        return internal_error(read.error());
    }
    return names;
}

std::optional<api_error> put_into_groups(registry& in, const planned_thing& wanted, bool is_new) {
    if (wanted.groups.empty()) {
        return std::nullopt;
    }
    if (!is_new) {
        const auto old = groups_of_thing(in, wanted.name);
        if (!old) {
            return old.error();
        }
        auto sorted = wanted.groups;
        std::sort(sorted.begin(), sorted.end());
        if (sorted == *old || wanted.on_groups == override_rule::do_nothing) {
            return std::nullopt;
        }
        if (wanted.on_groups == override_rule::fail) {
            return differs(wanted, "set of groups");
        }
        if (wanted.on_groups == override_rule::replace) {
            for (const auto& group : *old) {
                if (auto failed = remove_from_group(in, group, wanted.name)) {
                    return because(*failed);
                }
            }
        }
    }
    for (const auto& group : wanted.groups) {
        if (auto failed = add_to_group(in, group, wanted.name)) {
            return because(*failed);
        }
    }
    return std::nullopt;
}

std::optional<api_error> make_thing(registry& in, const planned_thing& wanted) {
    if (!is_name(wanted.name)) {
        return not_registered("'" + wanted.name + "' is no name of a thing.");
    }
    const auto old = find_thing(in, wanted.name);
    if (!old) {
        return old.error();
    }
    if (auto failed = *old ? change_thing(in, wanted, **old) : insert_thing(in, wanted)) {
        return failed;
    }
    return put_into_groups(in, wanted, !*old);
}

answer<std::string> certificate_by_csr(registry& in, const std::string& csr_pem) {
    const auto csr = pki::read_csr(csr_pem);
    if (!csr) {
        return not_registered("Invalid certificate signing request: " + csr.error().message());
    }
    const auto issued = issue_device_certificate(in, csr->common_name, csr->public_key_pem);
    if (!issued) {
        return issued.error();
    }
    return insert_certificate(in, issued->pem, "INACTIVE");
}

// The certificate as it is afterwards.
answer<certificate_record> make_certificate(registry& in, const planned_certificate& wanted) {
    if (wanted.certificate_pem) {
        return not_registered(
            "CertificatePem is not supported: register the certificate by RegisterCertificate and "
            "name it by CertificateId.");
    }
    const auto id =
        wanted.id ? answer<std::string>(*wanted.id) : certificate_by_csr(in, *wanted.csr_pem);
    if (!id) {
        return id.error();
    }
    const auto found = find_certificate(in, *id);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return not_registered("There is no certificate " + *id + ".");
    }
    auto made = **found;
    if (made.status == wanted.status) {
        return made;
    }
    // What was revoked or is on its way elsewhere stays so; what is ACTIVE serves somebody.
    if (made.status != "PENDING_ACTIVATION" && made.status != "INACTIVE") {
        return not_registered("The certificate " + *id + " is " + made.status + ".");
    }
    made.status = wanted.status;
    if (auto failed = write(in, "iot.activate_provisioned",
                            "UPDATE certificates SET status = ?2, updated_at = ?3 WHERE id = ?1",
                            {*id, made.status, now_milliseconds(in)})) {
        return *failed;
    }
    return made;
}

// The policy's name. One of a document is named by its content, so that a fleet shares it.
answer<std::string> make_policy(registry& in, const planned_policy& wanted) {
    if (wanted.name) {
        const auto found = find_policy(in, *wanted.name);
        if (!found) {
            return found.error();
        }
        return *found ? answer<std::string>(*wanted.name)
                      : answer<std::string>(
                            not_registered("There is no policy " + *wanted.name + "."));
    }
    const auto name = sha256_hex(*wanted.document);
    const auto found = find_policy(in, name);
    if (!found) {
        return found.error();
    }
    if (*found) {
        return name;
    }
    if (auto malformed = check_policy_document(*wanted.document)) {
        return because(*malformed);
    }
    if (auto failed = write(in, "iot.provision_policy",
                            "INSERT INTO policies(name, default_version, last_version,"
                            " created_at, updated_at) VALUES(?1, 1, 1, ?2, ?2)",
                            {name, now_milliseconds(in)})) {
        return *failed;
    }
    if (auto failed = insert_policy_version(in, name, 1, *wanted.document)) {
        return *failed;
    }
    return name;
}

}  // namespace

answer<provisioned> carry_out(registry& in, const provisioning_plan& plan) {
    provisioned done;
    if (plan.thing) {
        if (auto failed = make_thing(in, *plan.thing)) {
            return *failed;
        }
        done.thing_name = plan.thing->name;
        done.resource_arns[plan.thing->logical_name] = thing_arn(in, plan.thing->name);
    }
    std::optional<certificate_record> certificate;
    if (plan.certificate) {
        auto made = make_certificate(in, *plan.certificate);
        if (!made) {
            return made.error();
        }
        certificate = std::move(*made);
        done.certificate_pem = certificate->pem;
        done.certificate_id = certificate->id;
        done.resource_arns[plan.certificate->logical_name] = certificate_arn(in, certificate->id);
    }
    for (const auto& each : plan.policies) {
        const auto name = make_policy(in, each);
        if (!name) {
            return name.error();
        }
        done.resource_arns[each.logical_name] = policy_arn(in, *name);
        if (!certificate) {
            continue;
        }
        if (auto failed =
                write(in, "iot.attach_provisioned_policy",
                      "INSERT OR IGNORE INTO policy_targets(policy, target) VALUES(?1, ?2)",
                      {*name, certificate_arn(in, certificate->id)})) {
            return *failed;
        }
    }
    if (certificate && plan.thing) {
        if (auto failed = write(in, "iot.attach_provisioned_thing",
                                "INSERT OR IGNORE INTO thing_certificates(thing, certificate_id)"
                                " VALUES(?1, ?2)",
                                {plan.thing->name, certificate->id})) {
            return *failed;
        }
    }
    return done;
}

}  // namespace evergrass::cloud::iot
