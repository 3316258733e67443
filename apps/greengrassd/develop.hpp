#pragma once

#include "edge/admin/development.hpp"
#include "edge/functions/function_manager.hpp"

namespace evergrass::greengrassd {

// POST /dev of the core's socket, carried out by its functions.
edge::developer developer_of(edge::function_manager& functions);

}  // namespace evergrass::greengrassd
