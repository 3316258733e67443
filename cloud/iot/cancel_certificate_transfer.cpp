#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

// It is INACTIVE again, as if it had never been offered.
api_result cancel_certificate_transfer(registry& in, const call& from) {
    const auto id = required_text(from, "certificateId");
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = require_pending(in, id);
        if (!found) {
            return found.error();
        }
        if (auto failed =
                write(in, "iot.forget_transfer",
                      "DELETE FROM certificate_transfers WHERE certificate_id = ?1", {id})) {
            return *failed;
        }
        if (auto failed =
                write(in, "iot.update_certificate",
                      "UPDATE certificates SET status = ?2, updated_at = ?3 WHERE id = ?1",
                      {id, std::string("INACTIVE"), now_milliseconds(in)})) {
            return *failed;
        }
        return reply{};
    });
    in.changes.changed();
    return done;
}

}  // namespace evergrass::cloud::iot
