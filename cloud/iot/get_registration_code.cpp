#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result get_registration_code(registry& in, const call&) {
    return in_transaction(in.state, [&]() -> api_result {
        const auto code = registration_code(in);
        return code ? api_result(reply{{{"registrationCode", *code}}}) : code.error();
    });
}

}  // namespace evergrass::cloud::iot
