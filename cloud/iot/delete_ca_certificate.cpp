#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iot {

// Certificates that it signed and that are registered stay, and stay valid.
api_result delete_ca_certificate(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = require_ca(in, id);
        if (!found) {
            return found.error();
        }
        if (found->status != "INACTIVE") {
            return wrong_state(
                "CA certificate must be deactivated (not ACTIVE) before deletion (id=" + id + ")");
        }
        if (auto untagged = drop_tags(in.state, ca_arn(in, id)); !untagged) {
            return internal_error(untagged.error());
        }
        if (auto failed =
                write(in, "iot.delete_ca", "DELETE FROM ca_certificates WHERE id = ?1", {id})) {
            return *failed;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot
