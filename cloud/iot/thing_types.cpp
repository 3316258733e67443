#include "cloud/iot/thing_types.hpp"

namespace evergrass::cloud::iot {

thing_type_record thing_type_of(const db::row& row, int first_column) {
    const auto properties = parse_json(row.text(first_column + 2));
    const int deprecated = first_column + 4;
    return {row.text(first_column), row.text(first_column + 1),
            properties && properties->is_object() ? properties->get_object() : json::object(),
            row.integer(first_column + 3),
            row.is_null(deprecated) ? std::nullopt : std::optional(row.integer(deprecated))};
}

answer<std::optional<thing_type_record>> find_thing_type(registry& in, std::string_view name) {
    std::optional<thing_type_record> found;
    const auto read = in.state.db().query(
        "iot.find_thing_type",
        "SELECT " + std::string(thing_type_columns) + " FROM thing_types WHERE name = ?1",
        {std::string(name)}, [&](const db::row& row) { found = thing_type_of(row, 0); });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<thing_type_record> require_thing_type(registry& in, std::string_view name) {
    auto found = find_thing_type(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("Thing type " + std::string(name) +
                                  " does not exist in account " + in.identity.account +
                                  "; CreateThingType makes it.");
    }
    return std::move(**found);
}

std::optional<api_error> check_type_of_thing(registry& in, const std::string& name) {
    const auto found = require_thing_type(in, name);
    if (!found) {
        return found.error();
    }
    if (found->deprecated_at) {
        return invalid_request("Thing type " + name +
                               " is deprecated: no more things can have it.");
    }
    return std::nullopt;
}

std::string thing_type_arn(const registry& in, std::string_view name) {
    return in.identity.iot_arn("thingtype/" + std::string(name));
}

json::object thing_type_metadata(const thing_type_record& shown) {
    json::object metadata = {{"deprecated", shown.deprecated_at.has_value()},
                             {"creationDate", as_timestamp(shown.created_at)}};
    if (shown.deprecated_at) {
        metadata["deprecationDate"] = as_timestamp(*shown.deprecated_at);
    }
    return metadata;
}

}  // namespace evergrass::cloud::iot
