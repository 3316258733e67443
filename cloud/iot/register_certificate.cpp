#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/operations.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud::iot {
namespace {

// The registered CA that signed it: the one that the caller names, or the only one that did.
answer<ca_record> signer_of(registry& in, const std::string& pem,
                            const std::optional<std::string>& ca_pem) {
    const auto names = pki::digest_names(pem);
    if (!names) {
        return invalid_certificate("Invalid certificatePem: " + names.error().message());
    }
    std::optional<std::string> wanted;
    if (ca_pem) {
        const auto info = pki::read_certificate(*ca_pem);
        if (!info) {
            return invalid_certificate("Invalid caCertificatePem: " + info.error().message());
        }
        wanted = info->id;
    }
    const auto candidates = cas_of_subject(in, names->issuer);
    if (!candidates) {
        return candidates.error();
    }
    const ca_record* found = nullptr;
    for (const auto& each : *candidates) {
        const auto by_it = pki::is_signed_by(pem, each.pem);
        if (!by_it || !*by_it || (wanted && each.id != *wanted)) {
            continue;
        }
        if (found != nullptr) {
            return api_error{409,
                             "CertificateConflictException",
                             "More than one registered CA certificate has the key that signed it; "
                             "say which by caCertificatePem.",
                             {}};
        }
        found = &each;
    }
    if (found == nullptr) {
        return invalid_certificate(
            "No registered CA certificate signed it. Register its CA by RegisterCACertificate, or "
            "the certificate alone by RegisterCertificateWithoutCA.");
    }
    if (found->status != "ACTIVE") {
        return wrong_state("The CA certificate " + found->id + " is not ACTIVE.");
    }
    return *found;
}

}  // namespace

api_result register_certificate(registry& in, const call& from) {
    const auto pem = required_text(from, "certificatePem");
    const auto info = pki::read_certificate(pem);
    if (!info) {
        return invalid_certificate("Invalid certificatePem: " + info.error().message());
    }
    const auto status = registered_status(from);
    if (!status) {
        return status.error();
    }
    const auto ca = [&] {
        const auto hold = in.state.db().lock();
        return signer_of(in, pem, string_member(from.input, "caCertificatePem"));
    }();
    if (!ca) {
        return ca.error();
    }
    return store_certificate(
        in, pem, *status, ca->mode,
        {{{"certificateArn", certificate_arn(in, info->id)}, {"certificateId", info->id}}}, ca->id);
}

}  // namespace evergrass::cloud::iot
