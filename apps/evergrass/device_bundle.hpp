#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// `evergrass device bundle THING`: what a device needs that cannot ask by discovery, as files to
// carry to it (docs/rescue.md).
void add_device_bundle(CLI::App& app, verbs& all);

}  // namespace evergrass::cli
