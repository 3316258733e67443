#include "cloud/iot/certificate_transfers.hpp"

namespace evergrass::cloud::iot {

answer<certificate_record> require_pending(registry& in, const std::string& id) {
    auto found = require_certificate(in, id);
    if (found && found->status != pending_transfer) {
        return api_error{410,
                         "TransferAlreadyCompletedException",
                         "The certificate " + id + " waits for no transfer.",
                         {}};
    }
    return found;
}

std::optional<api_error> end_transfer(registry& in, const std::string& id,
                                      const std::string& status, std::string_view column,
                                      const std::optional<std::string>& reject_reason) {
    if (auto failed = write(in, "iot.end_transfer." + std::string(column),
                            "UPDATE certificate_transfers SET " + std::string(column) +
                                " = ?2, reject_reason = ?3 WHERE certificate_id = ?1",
                            {id, now_milliseconds(in), text_or_null(reject_reason)})) {
        return failed;
    }
    return write(in, "iot.update_certificate",
                 "UPDATE certificates SET status = ?2, updated_at = ?3 WHERE id = ?1",
                 {id, status, now_milliseconds(in)});
}

answer<json::object> transfer_data(registry& in, const std::string& id) {
    json::object data;
    const auto read =
        in.state.db().query("iot.transfer_data",
                            "SELECT message, began_at, reject_reason, rejected_at, accepted_at"
                            " FROM certificate_transfers WHERE certificate_id = ?1",
                            {id}, [&](const db::row& row) {
                                data["transferDate"] = as_timestamp(row.integer(1));
                                if (!row.is_null(0)) {
                                    data["transferMessage"] = row.text(0);
                                }
                                if (!row.is_null(2)) {
                                    data["rejectReason"] = row.text(2);
                                }
                                if (!row.is_null(3)) {
                                    data["rejectDate"] = as_timestamp(row.integer(3));
                                }
                                if (!row.is_null(4)) {
                                    data["acceptDate"] = as_timestamp(row.integer(4));
                                }
                            });
    if (!read) {
        return internal_error(read.error());
    }
    return data;
}

}  // namespace evergrass::cloud::iot
