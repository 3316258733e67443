#pragma once

#include "apps/evergrass/service_place.hpp"

namespace evergrass::cli {

struct audit_options {
    service_place where;
    std::string since;  // empty: all there is
    std::string by;
};

// What a running service's audit has, oldest first. The exit status: 0 done, 1 not.
int run_audit(const audit_options& options);

std::string audit_line(const json::object& entry);

}  // namespace evergrass::cli
