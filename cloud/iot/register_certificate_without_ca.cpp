#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud::iot {

// How a fleet keeps the certificates that it has (spec/cloud.md §7.7).
api_result register_certificate_without_ca(registry& in, const call& from) {
    const auto pem = required_text(from, "certificatePem");
    const auto info = pki::read_certificate(pem);
    if (!info) {
        return api_error{400,
                         "CertificateValidationException",
                         "Invalid certificate: " + info.error().message(),
                         {}};
    }
    const auto status = registered_status(from);
    if (!status) {
        return status.error();
    }
    return store_certificate(
        in, pem, *status, "SNI_ONLY",
        {{{"certificateArn", certificate_arn(in, info->id)}, {"certificateId", info->id}}});
}

}  // namespace evergrass::cloud::iot
