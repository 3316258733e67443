#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

api_result describe_endpoint(registry& in, const call& from) {
    const auto type = string_member(from.input, "endpointType").value_or("iot:Data");
    if (type == "iot:Data" || type == "iot:Data-ATS") {
        return reply{{{"endpointAddress", in.endpoints.mqtt}}};
    }
    if (type == "iot:CredentialProvider" || type == "iot:Jobs") {
        return reply{{{"endpointAddress", in.endpoints.https}}};
    }
    return invalid_request("Invalid endpoint type " + type +
                           ": it must be one of iot:Data, iot:Data-ATS, iot:CredentialProvider, "
                           "iot:Jobs.");
}

}  // namespace evergrass::cloud::iot
