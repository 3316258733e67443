#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result accept_certificate_transfer(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_pending(in, id);
        if (!found) {
            return found.error();
        }
        if (auto failed = end_transfer(in, id, wanted_status(from), "accepted_at", std::nullopt)) {
            return *failed;
        }
        return reply{};
    });
    if (done) {
        in.changes.certificate_changed(id);
    } else {
        in.changes.changed();
    }
    return done;
}

}  // namespace evergrass::cloud::iot
