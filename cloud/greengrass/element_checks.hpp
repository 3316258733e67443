#pragma once

#include "cloud/gateway/operation.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a definition's version may hold (spec/cloud.md §1.3). Types and required members are the
// gateway's business; whether the things that are named exist is a deployment's.
namespace evergrass::cloud::greengrass {

std::optional<api_error> check_cores(const json::object& content);
std::optional<api_error> check_devices(const json::object& content);
std::optional<api_error> check_functions(const json::object& content);
std::optional<api_error> check_connectors(const json::object& content);
std::optional<api_error> check_loggers(const json::object& content);
std::optional<api_error> check_resources(const json::object& content);
std::optional<api_error> check_subscriptions(const json::object& content);

// For the files of this family: the objects of a list member; none when it is missing.
std::vector<const json::object*> elements_of(const json::object& content, std::string_view list);
// Ids of 1 to 128 characters of [a-zA-Z0-9:_-], each once.
std::vector<std::string> id_faults(const std::vector<const json::object*>& elements);
bool is_element_id(std::string_view text);
// arn:…:greengrass:REGION::/connectors/…; the account is empty (spec/cloud.md §1.3).
bool is_connector(std::string_view arn);

}  // namespace evergrass::cloud::greengrass
