#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/iot/shadow_service.hpp"

#include <string>

// What the operations on shadows share.
namespace evergrass::cloud::iot {

// Asks the service and waits for its answer: the document as the raw payload, or the exception that
// the model has for the refusal. Not for a thread that must not block.
api_result ask_and_wait(shadow_service& shadows, shadow::operation what, const call& from);

// The exception of a refusal (spec/cloud.md §5.1).
api_error to_api_error(const error& why);

}  // namespace evergrass::cloud::iot
