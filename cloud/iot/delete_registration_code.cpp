#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

// The next GetRegistrationCode makes another one.
api_result delete_registration_code(registry& in, const call&) {
    return in_transaction(in.state, [&]() -> api_result {
        const auto code = find_registration_code(in);
        if (!code) {
            return code.error();
        }
        if (!*code) {
            return resource_not_found(
                "There is no registration code; GetRegistrationCode makes one.");
        }
        if (auto failed = write(in, "iot.delete_registration_code",
                                "DELETE FROM settings WHERE name = 'registration_code'", {})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
