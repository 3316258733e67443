#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

// Anything but ACTIVE cuts the certificate's connections off.
api_result update_certificate(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    const auto status = required_text(from, "newStatus");
    if (status != "ACTIVE" && status != "INACTIVE" && status != "REVOKED") {
        return invalid_request("newStatus must be ACTIVE, INACTIVE or REVOKED, not " + status +
                               ".");
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_certificate(in, id);
        if (!found) {
            return found.error();
        }
        if (found->status == pending_transfer) {
            return wrong_state(
                "The certificate waits for a transfer; CancelCertificateTransfer ends it.");
        }
        if (auto failed = write(in, "iot.update_certificate",
                                "UPDATE certificates SET status = ?2, updated_at = ?3"
                                " WHERE id = ?1",
                                {id, status, now_milliseconds(in)})) {
            return *failed;
        }
        return reply{};
    });
    if (done && status != "ACTIVE") {
        in.changes.certificate_lost(id);
    } else if (done) {
        in.changes.certificate_changed(id);
    } else {
        in.changes.changed();
    }
    return done;
}

}  // namespace evergrass::cloud::iot
