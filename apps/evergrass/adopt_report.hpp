#pragma once

#include "libs/base/json.hpp"
#include "libs/v1_core/import_request.hpp"

#include <string>

namespace evergrass::cli {

// What was found, what it will become, and what can't be known; for people. Never a secret.
std::string adoption_text(const v1::old_core& core, const v1::import_plan& plan);

// The same with every value's origin, for scripts. Without secrets and environment variables.
json::object adoption_json(const v1::old_core& core, const v1::import_plan& plan);

}  // namespace evergrass::cli
