#include "cloud/iot/registry_authority.hpp"

#include "cloud/iot/provisioning_records.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/pki/pki.hpp"

#include <mutex>

namespace evergrass::cloud {
namespace {

// Far above the certificates that are in use at once; over it the memory starts anew.
constexpr std::size_t most_remembered = 50'000;

// For these the policies of thing groups do not count (spec/cloud.md §2).
bool is_of_greengrass(std::string_view action) {
    return action.starts_with("greengrass:");
}

constexpr std::string_view documents_of_target =
    "SELECT v.document, p.name FROM policy_targets t"
    " JOIN policies p ON p.name = t.policy"
    " JOIN policy_versions v ON v.policy = p.name AND v.version = p.default_version"
    " WHERE t.target = ?1";

// Those of the groups of the certificate's things, and of the groups above them.
constexpr std::string_view documents_of_groups =
    "WITH RECURSIVE within(name) AS"
    " (SELECT g.group_name FROM thing_certificates c JOIN thing_group_things g ON g.thing = c.thing"
    "  WHERE c.certificate_id = ?1"
    "  UNION SELECT p.parent FROM thing_groups p JOIN within w ON p.name = w.name"
    "  WHERE p.parent IS NOT NULL)"
    " SELECT v.document, p.name FROM within w JOIN policy_targets t ON t.target = ?2 || w.name"
    " JOIN policies p ON p.name = t.policy"
    " JOIN policy_versions v ON v.policy = p.name AND v.version = p.default_version";

}  // namespace

registry_authority::registry_authority(store& state, const service_identity& identity,
                                       const registry_changes& changes, logger log)
    : state_(state), identity_(identity), changes_(changes), log_(std::move(log)) {}

bool registry_authority::is_active(std::string_view certificate_id) const {
    const auto who = look_up(certificate_id);
    return who && is_active(*who);
}

bool registry_authority::is_active(const principal& who) const {
    return who.active && (!who.ends || time_.now() < *who.ends);
}

bool registry_authority::is_attached(std::string_view certificate_id,
                                     std::string_view thing) const {
    const auto who = look_up(certificate_id);
    return who && who->things.contains(thing);
}

bool registry_authority::allows(std::string_view certificate_id, std::string_view action,
                                std::string_view resource_arn, std::string_view client_id) const {
    const auto who = look_up(certificate_id);
    if (!who || !is_active(*who)) {
        return false;
    }
    policy_question question{action, resource_arn, {}, {}};
    question.of_certificate = &who->variables;
    if (!client_id.empty()) {
        question.client_id = client_id;
        // The connection's thing is the attached one whose name the client uses as its id.
        if (const auto thing = who->things.find(client_id); thing != who->things.end()) {
            question.thing_name = client_id;
            question.of_thing = &thing->second;
        }
    }
    std::span<const policy* const> policies(who->policy_pointers);
    if (is_of_greengrass(action)) {
        policies = policies.first(who->own_policies);
    }
    return cloud::allows(policies, question);
}

registry_authority::principal_pointer registry_authority::look_up(
    std::string_view certificate_id) const {
    // Read before the store is: what a change overtakes meanwhile carries the older number and is
    // not used again.
    const auto generation = changes_.generation();
    {
        const std::shared_lock hold(mutex_);
        const auto found = known_.find(certificate_id);
        if (found != known_.end() && found->second->generation == generation) {
            return found->second;
        }
    }
    std::string id(certificate_id);
    auto loaded = load(id);
    if (!loaded) {
        log_.error("Cannot tell what a certificate may do; it is refused.",
                   {{"certificateId", id}, {"error", loaded.error()}});
        return nullptr;
    }
    loaded->generation = generation;
    auto who = std::make_shared<principal>(std::move(*loaded));
    for (const auto& each : who->policies) {
        who->policy_pointers.push_back(&each);
    }
    // Strangers are not remembered: they could fill the memory.
    if (who->known) {
        const std::unique_lock hold(mutex_);
        if (known_.size() >= most_remembered) {
            known_.clear();
        }
        known_.insert_or_assign(std::move(id), who);
    }
    return who;
}

result<void> registry_authority::load_things(const std::string& certificate_id,
                                             principal& into) const {
    return state_.db().query(
        "authority.things",
        "SELECT c.thing, t.type_name, t.attributes FROM thing_certificates c"
        " LEFT JOIN things t ON t.name = c.thing WHERE c.certificate_id = ?1",
        {certificate_id}, [&](const db::row& row) {
            auto& variables = into.things[row.text(0)];
            variables["iot:Connection.Thing.IsAttached"] = "true";
            if (!row.is_null(1)) {
                variables["iot:Connection.Thing.ThingTypeName"] = row.text(1);
            }
            const auto attributes =
                row.is_null(2) ? result<json::value>(json::value()) : parse_json(row.text(2));
            if (!attributes || !attributes->is_object()) {
                return;
            }
            for (const auto& [name, value] : attributes->get_object()) {
                if (value.is_string()) {
                    variables["iot:Connection.Thing.Attributes[" + std::string(name) + "]"] =
                        std::string(value.get_string());
                }
            }
        });
}

// A temporary certificate of CreateProvisioningClaim: it may provision by its template, and nothing
// else, until its end.
result<registry_authority::principal> registry_authority::load_claim(
    const std::string& certificate_id) const {
    principal who;
    std::string name;
    auto read = state_.db().query(
        "authority.claim",
        "SELECT template, expires_at FROM provisioning_claims WHERE certificate_id = ?1",
        {certificate_id}, [&](const db::row& row) {
            name = row.text(0);
            who.ends = wall_time(std::chrono::milliseconds(row.integer(1)));
            who.known = who.active = true;
        });
    if (!read) {
        return read.error();
    }
    if (!who.known) {
        return who;
    }
    who.variables = {{"iot:CertificateId", certificate_id}};
    auto allowed = parse_policy(iot::claim_policy(identity_, name));
    if (!allowed) {
        return allowed.error();
    }
    who.policies.push_back(std::move(*allowed));
    who.own_policies = 1;
    return who;
}

result<registry_authority::principal> registry_authority::load(
    const std::string& certificate_id) const {
    principal who;
    const auto hold = state_.db().lock();
    auto& db = state_.db();
    std::string pem;
    auto read =
        db.query("authority.certificate", "SELECT status, pem FROM certificates WHERE id = ?1",
                 {certificate_id}, [&](const db::row& row) {
                     who.known = true;
                     who.active = row.text(0) == "ACTIVE";
                     pem = row.text(1);
                 });
    if (!read) {
        return read.error();
    }
    if (!who.known) {
        return load_claim(certificate_id);
    }
    if (const auto info = pki::read_certificate(pem)) {
        who.variables = {{"iot:CertificateId", certificate_id},
                         {"iot:Certificate.Subject.CommonName", info->common_name},
                         {"iot:Certificate.Issuer.CommonName", info->issuer_common_name}};
    }
    if (auto loaded = load_things(certificate_id, who); !loaded) {
        return loaded.error();
    }
    result<void> parsed;
    const auto add = [&](const db::row& row) {
        auto one = parse_policy(row.text(0));
        if (one) {
            who.policies.push_back(std::move(*one));
        } else {
            parsed = with_context(one.error(), "stored policy " + row.text(1));
        }
    };
    read = db.query("authority.policies", documents_of_target,
                    {identity_.iot_arn("cert/" + certificate_id)}, add);
    who.own_policies = who.policies.size();
    if (read) {
        read = db.query("authority.group_policies", documents_of_groups,
                        {certificate_id, identity_.iot_arn("thinggroup/")}, add);
    }
    if (!read) {
        return read.error();
    }
    if (!parsed) {
        return parsed.error();
    }
    return who;
}

}  // namespace evergrass::cloud
