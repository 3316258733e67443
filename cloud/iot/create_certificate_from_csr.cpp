#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud::iot {

// The same CSR gets a new certificate each time, as at AWS.
api_result create_certificate_from_csr(registry& in, const call& from) {
    const auto csr = pki::read_csr(required_text(from, "certificateSigningRequest"));
    if (!csr) {
        return invalid_request("Invalid certificate signing request: " + csr.error().message());
    }
    const auto issued = issue_device_certificate(in, csr->common_name, csr->public_key_pem);
    if (!issued) {
        return issued.error();
    }
    return store_certificate(in, issued->pem, wanted_status(from), "DEFAULT",
                             {{{"certificateArn", certificate_arn(in, issued->id)},
                               {"certificateId", issued->id},
                               {"certificatePem", issued->pem}}});
}

}  // namespace evergrass::cloud::iot
