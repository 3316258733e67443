#include "cloud/iot/new_certificate.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud::iot {

// The private key is in this answer and nowhere else.
api_result create_keys_and_certificate(registry& in, const call& from) {
    const auto private_key = in.new_rsa_key();
    const auto public_key = pki::public_key_of(private_key);
    if (!public_key) {
        return internal_error(public_key.error());
    }
    const auto issued = issue_device_certificate(in, "", *public_key);
    if (!issued) {
        return issued.error();
    }
    return store_certificate(
        in, issued->pem, wanted_status(from), "DEFAULT",
        {{{"certificateArn", certificate_arn(in, issued->id)},
          {"certificateId", issued->id},
          {"certificatePem", issued->pem},
          {"keyPair", {{"PublicKey", *public_key}, {"PrivateKey", private_key}}}}});
}

}  // namespace evergrass::cloud::iot
