#pragma once

#include "cloud/lambda/functions.hpp"

namespace evergrass::cloud::lambda {

// The configuration of a new function, with Lambda's defaults for what the call leaves out. The
// error is the InvalidParameterValueException that Lambda answers.
answer<json::object> new_configuration(const json::object& input);

// The configuration after UpdateFunctionConfiguration: members that the call has replace the old
// ones.
answer<json::object> updated_configuration(json::object before, const json::object& input);

}  // namespace evergrass::cloud::lambda
