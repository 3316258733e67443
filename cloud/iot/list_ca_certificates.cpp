#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_ca_certificates(registry& in, const call& from) {
    listing wanted;
    wanted.names = paging_names::marker;
    wanted.statement = "iot.list_cas";
    wanted.rows =
        "SELECT printf('%015d:%s', created_at, id) AS key, id, status, created_at"
        " FROM ca_certificates WHERE (?3 IS NULL OR json_extract(config, '$.templateName') = ?3)";
    wanted.bound = {text_or_null(string_member(from.input, "templateName"))};
    wanted.member = "certificates";
    wanted.newest_first = true;
    wanted.item = [&in](const db::row& row) {
        return json::value{{"certificateArn", ca_arn(in, row.text(1))},
                           {"certificateId", row.text(1)},
                           {"status", row.text(2)},
                           {"creationDate", as_timestamp(row.integer(3))}};
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
