#pragma once

#include "libs/jobs/errors.hpp"
#include "libs/jobs/execution.hpp"
#include "libs/jobs/requests.hpp"

#include <cstdint>
#include <optional>
#include <span>

// What devices are told of job executions (spec/cloud.md §5.2). Times at the wire are whole seconds
// since 1970; `now` is in milliseconds.
namespace evergrass::jobs {

// How the document stands in an answer: as JSON over MQTT, as a text over HTTP.
enum class document_form { json, text };

// All of it; `document` is left out where there is none.
json::object to_json(const execution& of, const std::optional<std::string>& document,
                     document_form form, std::int64_t now);
json::object summary_of(const execution& of);
json::object state_of(const execution& of);

// The executions that are QUEUED and IN_PROGRESS, oldest first.
json::object pending_lists(std::span<const execution> pending);

// `notify`: {"timestamp", "jobs": {"IN_PROGRESS": […], "QUEUED": […]}}, of the first 15.
json::object notification(std::span<const execution> pending, std::int64_t now);
// `notify-next`; without an execution there is none left.
json::object next_notification(const execution* next, const std::optional<std::string>& document,
                               std::int64_t now);

// The body of `accepted`: with timestamp and token.
json::object accepted(json::object body, std::int64_t now, const client_token& token);
// The body of `rejected`. `current` stands in it where the request was held against the execution's
// version or state.
json::object rejected(const refusal& why, const execution* current, std::int64_t now,
                      const client_token& token);

}  // namespace evergrass::jobs
