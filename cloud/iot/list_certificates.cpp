#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_certificates(registry& in, const call& from) {
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_certificates";
    wanted.rows =
        "SELECT printf('%015d:%s', created_at, id) AS key, id, status, mode, created_at"
        " FROM certificates";
    wanted.member = "certificates";
    wanted.newest_first = true;
    wanted.item = [&in](const db::row& row) { return listed_certificate(in, row, 1); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
