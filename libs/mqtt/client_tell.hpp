#pragma once

#include "libs/mqtt/client_session.hpp"

#include <string>
#include <string_view>
#include <utility>

// For the client's own files: how its callers are told.
namespace evergrass::mqtt {

template <class Callback, class Outcome>
void client_session::tell_later(Callback callback, Outcome outcome) {
    if (callback) {
        to_tell_.emplace_back(
            [callback = std::move(callback), outcome = std::move(outcome)] { callback(outcome); });
    }
}

// "SUBACK 0x87 not authorized: REASON STRING"
std::string answer_text(packet_type type, reason code, std::string_view reason_string);

// The error of such an answer: `what` was refused, in words with the name of the thing.
error refusal(std::string_view what, packet_type type, reason code, std::string_view reason_string);

}  // namespace evergrass::mqtt
