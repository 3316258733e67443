#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

// Of a CA that isn't registered there are none: no error, as at AWS.
api_result list_certificates_by_ca(registry& in, const call& from) {
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_certificates_by_ca";
    wanted.rows =
        "SELECT printf('%015d:%s', created_at, id) AS key, id, status, mode, created_at"
        " FROM certificates WHERE ca = ?3";
    wanted.bound = {required_text(from, "caCertificateId")};
    wanted.member = "certificates";
    wanted.newest_first = true;
    wanted.item = [&in](const db::row& row) { return listed_certificate(in, row, 1); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
