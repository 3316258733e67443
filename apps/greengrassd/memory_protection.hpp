#pragma once

#include "edge/config/config.hpp"
#include "libs/base/log.hpp"

namespace evergrass::greengrassd {

// Keys and secrets stay out of core dumps, of swap and of other programs of the same user: before
// the first of them is read. What the system does not grant is logged; the core runs all the same.
void protect_memory(const logger& log);

// A private key that others than its owner may read is used, as by V1, and told.
void warn_of_open_keys(const edge::core_config& config, const logger& log);

}  // namespace evergrass::greengrassd
