#pragma once

#include "cloud/greengrass/families.hpp"
#include "cloud/greengrass/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Definitions and groups in the store: a name that changes, and versions that never do. The caller
// holds the store's lock.
namespace evergrass::cloud::greengrass {

struct definition {
    std::string id;
    std::optional<std::string> name;
    std::optional<std::string> latest_version;
    std::int64_t created_at = 0;  // milliseconds since 1970, as all below
    std::int64_t updated_at = 0;
};

struct definition_version {
    std::string definition_id;
    std::string version;
    std::int64_t ordinal = 1;
    json::object content;
    std::int64_t created_at = 0;
};

result<std::optional<definition>> find_definition(store& state, std::string_view kind,
                                                  std::string_view id);
result<std::optional<definition_version>> find_version(store& state, std::string_view kind,
                                                       std::string_view id,
                                                       std::string_view version);

// With IdNotFoundException and the given text when there is none.
answer<definition> require_definition(store& state, const definition_family& family,
                                      std::string_view id, std::string_view missing);

result<definition> insert_definition(greengrass_services& in, std::string_view kind,
                                     const std::optional<std::string>& name);
// Becomes the definition's latest; `owner` is brought up to date.
result<definition_version> insert_version(greengrass_services& in, std::string_view kind,
                                          definition& owner, json::object content);

// With its versions and tags.
result<void> erase_definition(greengrass_services& in, std::string_view kind, std::string_view id);

// arn:…:/greengrass/definition/cores/ID, arn:…:/greengrass/groups/ID
std::string definition_arn(const service_identity& identity, std::string_view kind,
                           std::string_view id);
std::string version_arn(const service_identity& identity, std::string_view kind,
                        std::string_view id, std::string_view version);

// A definition or group, and perhaps a version of it, from its ARN.
struct definition_reference {
    std::string kind;
    std::string id;
    std::string version;  // empty when the ARN has none
};
// nullopt when it is not such an ARN of this account and region.
std::optional<definition_reference> parse_reference(const service_identity& identity,
                                                    std::string_view arn);

// As the API shows them.
// `where`: the memory of a long list.
json::object describe(const service_identity& identity, std::string_view kind,
                      const definition& shown, json::storage_ptr where = {});
json::object describe(const service_identity& identity, std::string_view kind,
                      const definition_version& shown);

// The members of a version that a caller may set, out of an operation's input.
json::object version_content(const definition_family& family, const json::object& input);

}  // namespace evergrass::cloud::greengrass
