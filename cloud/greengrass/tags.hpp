#pragma once

#include "cloud/greengrass/records.hpp"

// Tags of groups, definitions and bulk deployments (spec/cloud.md §1.10). The caller holds the
// store's lock.
namespace evergrass::cloud::greengrass {

// Sets each of `tags`, strings by name; others stay.
result<void> set_tags(store& state, std::string_view arn, const json::object& tags);
result<json::object> tags_of(store& state, std::string_view arn);
result<void> drop_tags(store& state, std::string_view arn);

// An error unless the ARN is that of one of these that exists.
std::optional<api_error> check_taggable(greengrass_services& in, std::string_view arn);

}  // namespace evergrass::cloud::greengrass
