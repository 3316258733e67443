#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

// It is INACTIVE again, with who offered it; the reason stays to be read.
api_result reject_certificate_transfer(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_pending(in, id);
        if (!found) {
            return found.error();
        }
        if (auto failed = end_transfer(in, id, "INACTIVE", "rejected_at",
                                       string_member(from.input, "rejectReason").value_or(""))) {
            return *failed;
        }
        return reply{};
    });
    in.changes.changed();
    return done;
}

}  // namespace evergrass::cloud::iot
