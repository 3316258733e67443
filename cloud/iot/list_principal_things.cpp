#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_principal_things(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto id = require_principal(in, required_text(from, "principal"));
    if (!id) {
        return id.error();
    }
    listing wanted;
    wanted.statement = "iot.list_principal_things";
    wanted.rows = "SELECT thing AS key FROM thing_certificates WHERE certificate_id = ?3";
    wanted.bound = {*id};
    wanted.member = "things";
    wanted.item = [](const db::row& row) { return json::value(row.text(0)); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
