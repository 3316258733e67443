#pragma once

#include "apps/doctor/finding.hpp"

#include <vector>

namespace evergrass::doctor {

struct host_facts;
struct core_facts;
struct token_facts;
struct endpoint_facts;

// The map of the command: which checks there are, in the order in which they are told. Each is
// one function above its table, and one line of docs/doctor.md.
const std::vector<check<host_facts>>& host_checks();
const std::vector<check<core_facts>>& core_checks();
const std::vector<check<token_facts>>& token_checks();
// The steps on the way to a service. A step that was not reached is skipped.
const std::vector<check<endpoint_facts>>& endpoint_checks();

}  // namespace evergrass::doctor
