#pragma once

#include "libs/base/json.hpp"
#include "libs/jobs/execution.hpp"

namespace evergrass::cloud::iot {

// JobExecutionSummary of "iot".
json::object execution_summary(const jobs::execution& of);

}  // namespace evergrass::cloud::iot
