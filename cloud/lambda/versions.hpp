#pragma once

#include "cloud/lambda/functions.hpp"

namespace evergrass::cloud::lambda {

// Makes a version of $LATEST as it is, or finds that the newest version is the same in code and
// configuration (the description apart) and takes that one. Inside the caller's transaction.
answer<function_record> publish_latest(function_registry& in, const function_record& function,
                                       std::optional<std::string> description);

// Writes $LATEST back with a new revision. Inside the caller's transaction.
answer<function_record> replace_latest(function_registry& in, function_record function);

}  // namespace evergrass::cloud::lambda
