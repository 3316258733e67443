#pragma once

#include "apps/doctor/finding.hpp"
#include "libs/base/json.hpp"
#include "libs/base/time.hpp"

#include <string>
#include <vector>

// What the findings say together, for people and for programs (docs/doctor.md). Pure.
namespace evergrass::doctor {

// The exit status: 0 containers, 1 reduced, 2 nothing.
int status_of(const std::vector<finding_group>& groups);

// A line a finding, with what to do below those that are not well; `colours`: for a terminal.
std::string text_of(const finding_group& group, bool colours);
// The last lines: what can be run here, and how many findings of which kind.
std::string summary_of(const std::vector<finding_group>& groups);

json::object json_of(const std::vector<finding_group>& groups);

// JUnit's XML: a suite a group, a case a finding. Warnings pass, with their text in system-out.
std::string junit_of(const std::vector<finding_group>& groups, wall_time now);

}  // namespace evergrass::doctor
