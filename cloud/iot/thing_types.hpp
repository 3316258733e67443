#pragma once

#include "cloud/iot/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud::iot {

struct thing_type_record {
    std::string name;
    std::string id;
    json::object properties;  // thingTypeProperties
    std::int64_t created_at = 0;
    std::optional<std::int64_t> deprecated_at;
};

answer<std::optional<thing_type_record>> find_thing_type(registry& in, std::string_view name);
// ResourceNotFoundException when there is none.
answer<thing_type_record> require_thing_type(registry& in, std::string_view name);
// The type that a thing is to have: it is there and not deprecated.
std::optional<api_error> check_type_of_thing(registry& in, const std::string& name);

std::string thing_type_arn(const registry& in, std::string_view name);
// thingTypeMetadata
json::object thing_type_metadata(const thing_type_record& shown);
thing_type_record thing_type_of(const db::row& row, int first_column);
// For thing_type_of().
inline constexpr std::string_view thing_type_columns =
    "name, id, properties, created_at, deprecated_at";

}  // namespace evergrass::cloud::iot
