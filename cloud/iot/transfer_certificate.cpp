#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {
namespace {

// It is INACTIVE and nothing hangs on it.
std::optional<api_error> check_transferable(registry& in, const certificate_record& found) {
    if (found.status != "INACTIVE") {
        return wrong_state("A certificate must be INACTIVE to be transferred; this one is " +
                           found.status + ".");
    }
    const auto policies = exists(in, "iot.certificate_has_policies",
                                 "SELECT count(*) FROM policy_targets WHERE target = ?1",
                                 {certificate_arn(in, found.id)});
    if (!policies) {
        return policies.error();
    }
    if (*policies) {
        return api_error{
            409,
            "TransferConflictException",
            "Policies are still attached to the certificate " + found.id + "; detach them first.",
            {}};
    }
    const auto things =
        exists(in, "iot.certificate_has_things",
               "SELECT count(*) FROM thing_certificates WHERE certificate_id = ?1", {found.id});
    if (!things) {
        return things.error();
    }
    if (*things) {
        return invalid_request("The certificate " + found.id +
                               " is still attached to things; detach them first.");
    }
    return std::nullopt;
}

}  // namespace

api_result transfer_certificate(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    const auto target = required_text(from, "targetAwsAccount");
    if (target != in.identity.account) {
        return invalid_request("There is no account " + target +
                               " in this service: its one account is " + in.identity.account +
                               ". Register the certificate where it is to be, by "
                               "RegisterCertificateWithoutCA.");
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_certificate(in, id);
        if (!found) {
            return found.error();
        }
        if (auto refused = check_transferable(in, *found)) {
            return *refused;
        }
        if (auto failed = write(
                in, "iot.begin_transfer",
                "INSERT OR REPLACE INTO certificate_transfers(certificate_id, message, began_at)"
                " VALUES(?1, ?2, ?3)",
                {id, text_or_null(string_member(from.input, "transferMessage")),
                 now_milliseconds(in)})) {
            return *failed;
        }
        if (auto failed =
                write(in, "iot.update_certificate",
                      "UPDATE certificates SET status = ?2, updated_at = ?3 WHERE id = ?1",
                      {id, std::string(pending_transfer), now_milliseconds(in)})) {
            return *failed;
        }
        return reply{{{"transferredCertificateArn", certificate_arn(in, id)}}};
    });
}

}  // namespace evergrass::cloud::iot
