#include "cloud/greengrass/registration.hpp"

#include "libs/base/arn.hpp"

namespace evergrass::cloud::greengrass {
namespace {

struct registered {
    bool thing = false;
    bool certificate = false;
    bool attached = false;
};

result<registered> look_up(store& state, const std::string& thing, const std::string& certificate) {
    registered found;
    auto read = state.db().query(
        "greengrass.registration",
        "SELECT EXISTS(SELECT 1 FROM things WHERE name = ?1),"
        " EXISTS(SELECT 1 FROM certificates WHERE id = ?2),"
        " EXISTS(SELECT 1 FROM thing_certificates WHERE thing = ?1 AND certificate_id = ?2)",
        {thing, certificate}, [&](const db::row& row) {
            found = {row.integer(0) != 0, row.integer(1) != 0, row.integer(2) != 0};
        });
    if (!read) {
        return read.error();
    }
    return found;
}

deployment_fault foreign(const greengrass_services& in, const std::string& what,
                         const std::string& arn) {
    return {"ForeignResource", what + ": '" + arn + "' is not of account " + in.identity.account +
                                   " and region " + in.identity.region + "."};
}

}  // namespace

result<std::optional<deployment_fault>> registration_fault(greengrass_services& in,
                                                           const contract::group_member& member,
                                                           const std::string& what) {
    const auto thing = thing_name_of(member.thing_arn);
    if (!thing || member.thing_arn != in.identity.iot_arn("thing/" + *thing)) {
        return std::optional(foreign(in, what, member.thing_arn));
    }
    const auto certificate = certificate_id_of(member.certificate_arn);
    if (!certificate || member.certificate_arn != in.identity.iot_arn("cert/" + *certificate)) {
        return std::optional(foreign(in, what, member.certificate_arn));
    }
    const auto found = look_up(in.state, *thing, *certificate);
    if (!found) {
        return found.error();
    }
    std::optional<deployment_fault> fault;
    if (!found->thing) {
        fault = {"ThingNotRegistered",
                 what + ": thing '" + *thing + "' does not exist; create it (CreateThing)."};
    } else if (!found->certificate) {
        fault = {"CertificateNotRegistered", what + ": certificate " + *certificate +
                                                 " is not registered; create or register it."};
    } else if (!found->attached) {
        fault = {"CertificateNotAttached", what + ": certificate " + *certificate +
                                               " is not attached to thing '" + *thing +
                                               "'; attach it (AttachThingPrincipal)."};
    }
    return fault;
}

result<bool> has_active_certificate(greengrass_services& in, const contract::group_member& member) {
    const auto certificate = certificate_id_of(member.certificate_arn);
    if (!certificate) {
        return false;
    }
    bool active = false;
    const auto read = in.state.db().query(
        "greengrass.active_certificate",
        "SELECT EXISTS(SELECT 1 FROM certificates WHERE id = ?1 AND status = 'ACTIVE')",
        {*certificate}, [&](const db::row& row) { active = row.integer(0) != 0; });
    if (!read) {
        return read.error();
    }
    return active;
}

}  // namespace evergrass::cloud::greengrass
