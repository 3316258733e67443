#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_types.hpp"

namespace evergrass::cloud::iot {

api_result list_thing_types(registry& in, const call& from) {
    const auto rows = "SELECT name AS key, " + std::string(thing_type_columns) +
                      " FROM thing_types WHERE (?3 IS NULL OR name = ?3)";
    listing wanted;
    wanted.statement = "iot.list_thing_types";
    wanted.rows = rows;
    wanted.bound = {text_or_null(string_member(from.input, "thingTypeName"))};
    wanted.member = "thingTypes";
    wanted.item = [&in](const db::row& row) {
        const auto found = thing_type_of(row, 1);
        return json::value{{"thingTypeName", found.name},
                           {"thingTypeArn", thing_type_arn(in, found.name)},
                           {"thingTypeProperties", found.properties},
                           {"thingTypeMetadata", thing_type_metadata(found)}};
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
