#pragma once

#include "libs/shadow/document.hpp"
#include "libs/shadow/messages.hpp"
#include "libs/shadow/topics.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A request to a shadow service from its payload to all that is said of it. Pure: the document
// comes from the caller, who keeps the one that it has become.
namespace evergrass::shadow {

struct message {
    std::string topic;
    std::string payload;
};

struct outcome {
    std::optional<document> after;  // to be kept; none: nothing changed
    // To be published, in this order, after `after` has been kept.
    std::vector<message> said;
    result<std::string> body = std::string();  // of `accepted`, or the refusal
};

enum class asked_over { mqtt, call };

// `now`: seconds since 1970. What was read or refused is said only where it was asked over MQTT;
// what was changed always is.
outcome carry_out(const shadow_id& which, operation what, std::string_view payload,
                  const document& before, std::int64_t now, asked_over way);

// The same of an update that has been read.
outcome carry_out(const shadow_id& which, const update_request& update, const document& before,
                  std::int64_t now, asked_over way, const client_token& token = {});

// An answer that refuses.
outcome refuse(const shadow_id& which, operation what, error why, std::int64_t now, asked_over way,
               const client_token& token = {});

}  // namespace evergrass::shadow
