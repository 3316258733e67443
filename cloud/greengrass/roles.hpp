#pragma once

#include "cloud/greengrass/records.hpp"

// Group roles and the account's service role: stored and returned, not demanded (spec/cloud.md
// §7.2). `scope` is a group's id, existing or not as with V1, or account_scope.
namespace evergrass::cloud::greengrass {

inline constexpr std::string_view account_scope = "account";

api_result associate_role(greengrass_services& in, std::string_view scope,
                          const std::string& role_arn);
// 404 with `missing` and no type when there is none.
api_result associated_role(greengrass_services& in, std::string_view scope,
                           std::string_view missing);
// Succeeds whether there was one or not.
api_result disassociate_role(greengrass_services& in, std::string_view scope);

// nullopt: none. The caller holds the store's lock.
result<std::optional<std::string>> role_arn_of(store& state, std::string_view scope);

}  // namespace evergrass::cloud::greengrass
