#pragma once

#include "libs/shadow/document.hpp"
#include "libs/shadow/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>

// The bodies of what a shadow service says (spec/cloud.md §5.1), as JSON. `now` is seconds since
// 1970; a client token that was sent is in each of them.
namespace evergrass::shadow {

using client_token = std::optional<std::string>;

// Answers a get, over MQTT and HTTP: desired, reported and what they differ in.
std::string get_accepted(const document& found, std::int64_t now, const client_token& token);

// Answers an update, over MQTT and HTTP: what was sent, not what came of it.
std::string update_accepted(const update_request& update, const document& after, std::int64_t now,
                            const client_token& token);

// Published after an update that leaves `desired` and `reported` different: all differences.
std::string update_delta(const difference& found, const document& after, std::int64_t now,
                         const client_token& token);

// Published after each update. A shadow that did not exist before has empty objects there.
std::string update_documents(const document& before, const document& after, std::int64_t now,
                             const client_token& token);

// Answers a delete; `removed` is the document that is gone.
std::string delete_accepted(const document& removed, std::int64_t now, const client_token& token);

// Answers what was refused.
std::string rejected(const error& why, std::int64_t now, const client_token& token);

}  // namespace evergrass::shadow
