#pragma once

#include "libs/base/result.hpp"

#include <string>

// The control groups of this host, as far as the core itself sees to them.
namespace evergrass::edge::isolation {

// Names of the jails' groups: this, the core's pid, "-", a number.
inline const std::string group_prefix = "evergrass-";

// Where the host has only version 2, which allows limited groups only beside the core's own: moves
// this process into a group inside of its own (cgroup_places.hpp, core_group) and asks for limits
// of memory and processes there. Does nothing on version 1, or when it was done. Needs root, and
// that the core's group is its own (of systemd: Delegate=yes).
result<void> take_cgroup_home();

// Removes groups that a core left which was killed: those of processes that run no more.
void remove_left_over_groups();

}  // namespace evergrass::edge::isolation
