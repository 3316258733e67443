#pragma once

#include "libs/jobs/execution.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::jobs {

using client_token = std::optional<std::string>;

// Longest payload that is read.
inline constexpr std::size_t max_request_bytes = 64 * 1024;

// A payload as an object; an empty one is an empty object. `token` is set as soon as it is known,
// for the refusal too. Errors: invalid_json, invalid_request.
result<json::object> parse_body(std::string_view payload, client_token& token);

// The members of a request; the names are the same in MQTT's payloads and in HTTP's bodies and
// queries. Numbers may be texts of digits, as old device SDKs send them. Unknown members are
// ignored. The error (invalid_request) names the member.
result<update_request> read_update(const json::object& body);
result<start_request> read_start(const json::object& body);
result<describe_request> read_describe(const json::object& body);

// statusDetails: at most 10 texts, names of 1 to 128 of [a-zA-Z0-9:_-], values of 1 to 1,024 bytes
// without control characters.
result<void> check_details(const json::object& details);

}  // namespace evergrass::jobs
