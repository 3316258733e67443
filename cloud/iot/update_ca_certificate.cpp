#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

// Certificates that it signed and that are registered stay as they are.
api_result update_ca_certificate(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    return in_transaction(in.state, [&]() -> api_result {
        auto found = require_ca(in, id);
        if (!found) {
            return found.error();
        }
        const auto status = string_member(from.input, "newStatus").value_or(found->status);
        const auto automatic = string_member(from.input, "newAutoRegistrationStatus");
        if (automatic) {
            found->auto_registration = *automatic == "ENABLE";
        }
        const bool remove = bool_member(from.input, "removeAutoRegistration").value_or(false);
        if (const auto* const config = object_member(from.input, "registrationConfig")) {
            if (remove) {
                return invalid_request(
                    "registrationConfig and removeAutoRegistration exclude each other.");
            }
            found->config = *config;
        } else if (remove) {
            found->config.clear();
            found->auto_registration = false;
        }
        if (auto failed =
                write(in, "iot.update_ca",
                      "UPDATE ca_certificates SET status = ?2, auto_registration = ?3, config = ?4,"
                      " updated_at = ?5 WHERE id = ?1",
                      {id, status, std::int64_t{found->auto_registration},
                       json::serialize(found->config), now_milliseconds(in)})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
