#include "cloud/iot/certificate_transfers.hpp"
#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

// Those that were offered and wait for an answer.
api_result list_outgoing_certificates(registry& in, const call& from) {
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_outgoing_certificates";
    wanted.rows =
        "SELECT printf('%015d:%s', t.began_at, c.id) AS key, c.id, t.began_at, t.message,"
        " c.created_at FROM certificates c JOIN certificate_transfers t ON t.certificate_id = c.id"
        " WHERE c.status = 'PENDING_TRANSFER'";
    wanted.member = "outgoingCertificates";
    wanted.newest_first = true;
    wanted.item = [&in](const db::row& row) {
        json::object item = {{"certificateArn", certificate_arn(in, row.text(1))},
                             {"certificateId", row.text(1)},
                             {"transferredTo", in.identity.account},
                             {"transferDate", as_timestamp(row.integer(2))},
                             {"creationDate", as_timestamp(row.integer(4))}};
        if (!row.is_null(3)) {
            item["transferMessage"] = row.text(3);
        }
        return json::value(std::move(item));
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
