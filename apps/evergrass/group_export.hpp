#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// `evergrass group export GROUP [--code DIR]`
void add_group_export(CLI::App& group, verbs& all);

}  // namespace evergrass::cli
