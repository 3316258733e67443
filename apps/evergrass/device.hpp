#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// `evergrass device add` and `evergrass device remove`: a device of a group.
void add_device_verbs(CLI::App& app, verbs& all);

}  // namespace evergrass::cli
