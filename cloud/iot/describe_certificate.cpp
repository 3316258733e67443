#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud::iot {

api_result describe_certificate(registry& in, const call& from) {
    const auto found = [&] {
        const auto hold = in.state.db().lock();
        return require_certificate(in, required_text(from, "certificateId"));
    }();
    if (!found) {
        return found.error();
    }
    json::object description = {{"certificateArn", certificate_arn(in, found->id)},
                                {"certificateId", found->id},
                                {"status", found->status},
                                {"certificatePem", found->pem},
                                {"ownedBy", in.identity.account},
                                {"creationDate", as_timestamp(found->created_at)},
                                {"lastModifiedDate", as_timestamp(found->updated_at)},
                                {"customerVersion", 1},
                                {"generationId", found->id.substr(0, 32)},
                                {"validity",
                                 {{"notBefore", as_timestamp(found->not_before)},
                                  {"notAfter", as_timestamp(found->not_after)}}},
                                {"certificateMode", found->mode}};
    // A certificate that was made elsewhere has no CA here.
    if (found->mode == "DEFAULT") {
        const auto issuer = pki::read_certificate(in.issuer.certificate_pem);
        if (!issuer) {
            return internal_error(issuer.error());
        }
        description["caCertificateId"] = issuer->id;
    }
    return reply{{{"certificateDescription", std::move(description)}}};
}

}  // namespace evergrass::cloud::iot
