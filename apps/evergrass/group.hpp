#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// `evergrass group export|plan|apply|import`: a whole group as one file (docs/group-files.md).
void add_group(CLI::App& app, verbs& all);

}  // namespace evergrass::cli
