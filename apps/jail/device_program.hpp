#pragma once

#include <string>
#include <vector>

namespace evergrass::jail {

// Version 2 of control groups has no file for devices: a BPF program decides. Each rule is
// "c 1:3 rwm", with '*' for any number. What no rule allows is refused. False with errno when the
// kernel refuses the program.
bool attach_device_program(const std::string& cgroup, const std::vector<std::string>& rules);

}  // namespace evergrass::jail
