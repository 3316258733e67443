#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/provisioning_records.hpp"

namespace evergrass::cloud::iot {

api_result list_provisioning_templates(registry& in, const call& from) {
    listing wanted;
    wanted.statement = "iot.list_provisioning_templates";
    wanted.rows =
        "SELECT name AS key, description, created_at, updated_at, enabled, type"
        " FROM provisioning_templates";
    wanted.member = "templates";
    wanted.item = [&in](const db::row& row) {
        json::object item = {{"templateArn", provisioning_template_arn(in, row.text(0))},
                             {"templateName", row.text(0)},
                             {"creationDate", as_timestamp(row.integer(2))},
                             {"lastModifiedDate", as_timestamp(row.integer(3))},
                             {"enabled", row.integer(4) != 0},
                             {"type", row.text(5)}};
        if (!row.is_null(1)) {
            item["description"] = row.text(1);
        }
        return json::value(std::move(item));
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
