#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {
namespace {

api_error conflict(std::string message) {
    return {409, "DeleteConflictException", std::move(message), {}};
}

// Nothing may hang on it; `force` takes attached policies along, not things.
std::optional<api_error> why_not(registry& in, const certificate_record& found, bool force) {
    if (found.status == "ACTIVE") {
        return wrong_state("Certificate must be deactivated (not ACTIVE) before deletion.");
    }
    if (found.status == pending_transfer) {
        return wrong_state(
            "The certificate waits for a transfer; CancelCertificateTransfer ends it.");
    }
    const auto arn = certificate_arn(in, found.id);
    const auto things =
        exists(in, "iot.certificate_has_things",
               "SELECT count(*) FROM thing_certificates WHERE certificate_id = ?1", {found.id});
    if (!things) {
        return things.error();
    }
    if (*things) {
        return conflict("Things must be detached before deletion (arn: " + arn + ")");
    }
    const auto policies = exists(in, "iot.certificate_has_policies",
                                 "SELECT count(*) FROM policy_targets WHERE target = ?1", {arn});
    if (!policies) {
        return policies.error();
    }
    if (*policies && !force) {
        return conflict("Certificate policies must be detached before deletion (arn: " + arn + ")");
    }
    return std::nullopt;
}

}  // namespace

api_result delete_certificate(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    const bool force = bool_member(from.input, "forceDelete").value_or(false);
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_certificate(in, id);
        if (!found) {
            return found.error();
        }
        if (auto refused = why_not(in, *found, force)) {
            return *refused;
        }
        if (auto failed =
                write(in, "iot.delete_certificate_policies",
                      "DELETE FROM policy_targets WHERE target = ?1", {certificate_arn(in, id)})) {
            return *failed;
        }
        if (auto failed =
                write(in, "iot.forget_transfer",
                      "DELETE FROM certificate_transfers WHERE certificate_id = ?1", {id})) {
            return *failed;
        }
        if (auto failed = write(in, "iot.delete_certificate",
                                "DELETE FROM certificates WHERE id = ?1", {id})) {
            return *failed;
        }
        return reply{};
    });
    if (done) {
        in.changes.certificate_lost(id);
    }
    return done;
}

}  // namespace evergrass::cloud::iot
