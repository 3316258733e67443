#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/json.hpp"

#include <string>
#include <string_view>

// Tags of whatever has an ARN. The caller holds the store's lock.
namespace evergrass::cloud {

// Sets each of `tags`, strings by name; others stay.
result<void> set_tags(store& state, std::string_view arn, const json::object& tags);
result<void> drop_tag(store& state, std::string_view arn, std::string_view key);
result<json::object> tags_of(store& state, std::string_view arn);
result<void> drop_tags(store& state, std::string_view arn);

// [{"Key", "Value"}, …], as several services have tags, to an object and back.
json::object tags_from_list(const json::array* list);
json::array tags_as_list(const json::object& tags);

}  // namespace evergrass::cloud
