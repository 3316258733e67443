#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud::iot {

api_result describe_certificate(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_certificate(in, required_text(from, "certificateId"));
    if (!found) {
        return found.error();
    }
    auto transfer = transfer_data(in, found->id);
    if (!transfer) {
        return transfer.error();
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
    if (!transfer->empty()) {
        description["transferData"] = std::move(*transfer);
    }
    // A certificate that was made elsewhere has a CA here only where that was registered.
    if (found->ca) {
        description["caCertificateId"] = *found->ca;
    } else if (found->mode == "DEFAULT") {
        const auto issuer = pki::read_certificate(in.issuer.certificate_pem);
        if (!issuer) {
            return internal_error(issuer.error());
        }
        description["caCertificateId"] = issuer->id;
    }
    return reply{{{"certificateDescription", std::move(description)}}};
}

}  // namespace evergrass::cloud::iot
