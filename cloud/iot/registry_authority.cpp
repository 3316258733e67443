#include "cloud/iot/registry_authority.hpp"

#include "libs/base/errors.hpp"

#include <mutex>

namespace evergrass::cloud {
namespace {

// Far above the certificates that are in use at once; over it the memory starts anew.
constexpr std::size_t most_remembered = 50'000;

}  // namespace

registry_authority::registry_authority(store& state, const service_identity& identity,
                                       const registry_changes& changes, logger log)
    : state_(state), identity_(identity), changes_(changes), log_(std::move(log)) {}

bool registry_authority::is_active(std::string_view certificate_id) const {
    const auto who = look_up(certificate_id);
    return who && who->active;
}

bool registry_authority::is_attached(std::string_view certificate_id,
                                     std::string_view thing) const {
    const auto who = look_up(certificate_id);
    return who && who->things.contains(thing);
}

bool registry_authority::allows(std::string_view certificate_id, std::string_view action,
                                std::string_view resource_arn, std::string_view client_id) const {
    const auto who = look_up(certificate_id);
    if (!who || !who->active) {
        return false;
    }
    policy_question question{action, resource_arn, {}, {}};
    if (!client_id.empty()) {
        question.client_id = client_id;
        // The connection's thing is the attached one whose name the client uses as its id.
        if (who->things.contains(client_id)) {
            question.thing_name = client_id;
        }
    }
    return cloud::allows(who->policy_pointers, question);
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

result<registry_authority::principal> registry_authority::load(
    const std::string& certificate_id) const {
    principal who;
    const auto hold = state_.db().lock();
    auto& db = state_.db();
    auto read = db.query("authority.certificate", "SELECT status FROM certificates WHERE id = ?1",
                         {certificate_id}, [&](const db::row& row) {
                             who.known = true;
                             who.active = row.text(0) == "ACTIVE";
                         });
    if (!read || !who.known) {
        return read ? result<principal>(std::move(who)) : result<principal>(read.error());
    }
    read = db.query("authority.things",
                    "SELECT thing FROM thing_certificates WHERE certificate_id = ?1",
                    {certificate_id}, [&](const db::row& row) { who.things.insert(row.text(0)); });
    if (!read) {
        return read.error();
    }
    result<void> parsed;
    read = db.query("authority.policies",
                    "SELECT v.document, p.name FROM policy_targets t"
                    " JOIN policies p ON p.name = t.policy"
                    " JOIN policy_versions v ON v.policy = p.name AND v.version = p.default_version"
                    " WHERE t.target = ?1",
                    {identity_.iot_arn("cert/" + certificate_id)}, [&](const db::row& row) {
                        auto one = parse_policy(row.text(0));
                        if (one) {
                            who.policies.push_back(std::move(*one));
                        } else {
                            parsed = with_context(one.error(), "stored policy " + row.text(1));
                        }
                    });
    if (!read) {
        return read.error();
    }
    if (!parsed) {
        return parsed.error();
    }
    return who;
}

}  // namespace evergrass::cloud
