#pragma once

#include "cloud/gateway/input.hpp"
#include "cloud/gateway/model.hpp"
#include "cloud/gateway/operation.hpp"
#include "libs/http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The protocols of AWS beside REST: JSON 1.1, whose operation stands in X-Amz-Target, and Query,
// whose operation is the form's Action and whose answers are XML (spec/cloud.md §6.1).
namespace evergrass::cloud {

enum class protocol : std::uint8_t { rest_json, json, query };

protocol protocol_of(std::string_view service);

// A request in the Query protocol, whoever it is for: how a refusal is told before the service is
// known.
bool is_query_form(const http::request& asked);

// The operation that X-Amz-Target or Action names; null when the model doesn't have it.
// REQUIRES: the service's protocol is not rest_json.
const modelled_operation* named_operation(const service_model& model, protocol spoken,
                                          const http::request& asked);
// What was named, for the error: "secretsmanager.NoSuch", or empty.
std::string claimed_operation(protocol spoken, const http::request& asked);

// As read_input(), of a form: `Tags.member.1.Key=a` is the member Key of the list's first element.
std::vector<violation> read_query_input(const service_model& model,
                                        const modelled_operation& operation,
                                        const http::request& asked, call_input& into);

// <CreateRoleResponse><CreateRoleResult>…, numbers of seconds as ISO 8601 where the model has a
// time. `service` names the document's namespace.
http::response shape_query_reply(std::string_view service, const service_model& model,
                                 const modelled_operation& operation, const json::object& output,
                                 std::string_view request_id);
http::response shape_query_error(const api_error& refused, std::string_view request_id);

}  // namespace evergrass::cloud
