#pragma once

#include "apps/evergrass/verb.hpp"

namespace evergrass::cli {

// `evergrass deploy FILE --core ROOT`: a group file or a bundle, to the core of this machine.
void add_deploy(CLI::App& app, verbs& all);
// `evergrass bundle FILE -o OUT`: a group file as a bundle, with the service's signature.
void add_bundle(CLI::App& app, verbs& all);

}  // namespace evergrass::cli
