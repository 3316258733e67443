#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// `evergrass group import FILE ...`: what users of V1 keep in Git, as a group file.
void add_group_import(CLI::App& group, verbs& all);

}  // namespace evergrass::cli
