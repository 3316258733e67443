#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// `evergrass provision`: an identity for a core, and with --group a group for it.
void add_provision(CLI::App& app, verbs& all);

}  // namespace evergrass::cli
