#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result describe_ca_certificate(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_ca(in, required_text(from, "certificateId"));
    if (!found) {
        return found.error();
    }
    json::object output = {
        {"certificateDescription",
         {{"certificateArn", ca_arn(in, found->id)},
          {"certificateId", found->id},
          {"status", found->status},
          {"certificatePem", found->pem},
          {"ownedBy", in.identity.account},
          {"creationDate", as_timestamp(found->created_at)},
          {"lastModifiedDate", as_timestamp(found->updated_at)},
          {"autoRegistrationStatus", found->auto_registration ? "ENABLE" : "DISABLE"},
          {"customerVersion", 1},
          {"generationId", found->id.substr(0, 32)},
          {"validity",
           {{"notBefore", as_timestamp(found->not_before)},
            {"notAfter", as_timestamp(found->not_after)}}},
          {"certificateMode", found->mode}}}};
    if (!found->config.empty()) {
        output["registrationConfig"] = found->config;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::iot
