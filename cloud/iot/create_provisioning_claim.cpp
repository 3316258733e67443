#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

// A certificate for five minutes, for one template. The registry's lists and operations don't know
// it.
api_result create_provisioning_claim(registry& in, const call& from) {
    const auto private_key = in.new_rsa_key();
    const auto public_key = pki::public_key_of(private_key);
    if (!public_key) {
        return internal_error(public_key.error());
    }
    const auto issued = issue_device_certificate(in, "AWS IoT Provisioning Claim", *public_key);
    if (!issued) {
        return issued.error();
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_provisioning_template(in, required_text(from, "templateName"));
        if (!found) {
            return found.error();
        }
        if (!found->enabled) {
            return invalid_request("The provisioning template " + found->name + " is not enabled.");
        }
        if (auto failed = forget_expired_ownership(in)) {
            return *failed;
        }
        const auto ends = now_milliseconds(in) + claim_milliseconds;
        if (auto failed = write(in, "iot.create_provisioning_claim",
                                "INSERT INTO provisioning_claims(certificate_id, template,"
                                " expires_at) VALUES(?1, ?2, ?3)",
                                {issued->id, found->name, ends})) {
            return *failed;
        }
        return reply{{{"certificateId", issued->id},
                      {"certificatePem", issued->pem},
                      {"keyPair", {{"PublicKey", *public_key}, {"PrivateKey", private_key}}},
                      {"expiration", as_timestamp(ends)}}};
    });
    in.changes.changed();
    return done;
}

}  // namespace evergrass::cloud::iot
