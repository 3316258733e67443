#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

api_result attach_thing_principal(registry& in, const call& from) {
    std::string certificate;
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto thing = require_thing(in, required_text(from, "thingName"));
        if (!thing) {
            return thing.error();
        }
        const auto id = require_principal(in, required_text(from, "principal"));
        if (!id) {
            return id.error();
        }
        if (auto failed = write(in, "iot.attach_thing_principal",
                                "INSERT OR IGNORE INTO thing_certificates(thing, certificate_id)"
                                " VALUES(?1, ?2)",
                                {thing->name, *id})) {
            return *failed;
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
