#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {
namespace {

json::value as_item(const registry& in, const db::row& row) {
    const auto attributes = parse_json(row.text(2));
    json::object item = {{"thingName", row.text(0)},
                         {"thingArn", thing_arn(in, row.text(0))},
                         {"attributes", attributes ? *attributes : json::value(json::object())},
                         {"version", row.integer(3)}};
    if (!row.is_null(1)) {
        item["thingTypeName"] = row.text(1);
    }
    return item;
}

}  // namespace

api_result list_things(registry& in, const call& from) {
    listing wanted;
    wanted.statement = "iot.list_things";
    // json_each rather than a path: attribute names may hold dots and quotes.
    wanted.rows =
        "SELECT name AS key, type_name, attributes, version FROM things"
        " WHERE (?3 IS NULL OR type_name = ?3)"
        " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(attributes) AS a WHERE a.key = ?4"
        "  AND (?5 IS NULL OR a.value = ?5"
        "   OR (?6 AND substr(a.value, 1, length(?5)) = ?5))))";
    wanted.bound = {
        text_or_null(string_member(from.input, "thingTypeName")),
        text_or_null(string_member(from.input, "attributeName")),
        text_or_null(string_member(from.input, "attributeValue")),
        std::int64_t{bool_member(from.input, "usePrefixAttributeValue").value_or(false)}};
    wanted.member = "things";
    wanted.item = [&in](const db::row& row) { return as_item(in, row); };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot
