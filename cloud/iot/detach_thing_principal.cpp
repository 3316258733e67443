#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

api_result detach_thing_principal(registry& in, const call& from) {
    std::string certificate;
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto thing = require_thing(in, required_text(from, "thingName"));
        if (!thing) {
            return thing.error();
        }
        const auto principal = required_text(from, "principal");
        const auto id = principal_id(in, principal);
        if (!id) {
            return id.error();
        }
        if (auto failed = write(in, "iot.detach_thing_principal",
                                "DELETE FROM thing_certificates"
                                " WHERE thing = ?1 AND certificate_id = ?2",
                                {thing->name, *id})) {
            return *failed;
        }
        if (in.state.db().changes() == 0) {
            return resource_not_found("The principal " + principal + " is not attached to thing " +
                                      thing->name + ".");
        }
        certificate = *id;
        return reply{};
    });
    if (done) {
        in.changes.certificate_changed(certificate);
    } else {
        in.changes.changed();
    }
    return done;
}

}  // namespace evergrass::cloud::iot
