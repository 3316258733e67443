#include "cloud/greengrass/build_log.hpp"

namespace evergrass::cloud::greengrass {

std::string error_message_of(const std::vector<deployment_fault>& faults) {
    std::string message = "We cannot deploy because the group definition is invalid or corrupted:";
    for (const auto& fault : faults) {
        message += " " + fault.message;
    }
    return message;
}

json::array error_details_of(const std::vector<deployment_fault>& faults) {
    json::array details;
    for (const auto& fault : faults) {
        details.push_back(json::object{{"DetailedErrorCode", fault.code},
                                       {"DetailedErrorMessage", fault.message}});
    }
    return details;
}

}  // namespace evergrass::cloud::greengrass
