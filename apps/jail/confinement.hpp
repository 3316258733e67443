#pragma once

// What a process takes from itself for good before the function's program runs in it. Each is for
// the calling process alone, and ends it with a line of explanation when the kernel refuses.
namespace evergrass::edge::isolation {
struct jail_order;
}

namespace evergrass::jail {

// The order's uid, gid and groups, and no capability, not even a bounding one. `keep_groups`: in a
// user namespace of somebody who isn't root, where they cannot be set.
void take_identity(const edge::isolation::jail_order& order, bool keep_groups);

// All capabilities, of a process that keeps its uid.
void drop_capabilities();

// No set-uid program gives anything from here on.
void set_no_new_privileges();

// Abstract sockets of processes outside of the jail, and signals to them: of the kernel since 6.12.
// False: this one can't.
bool scope_sockets();

// The system calls that are left. REQUIRES: set_no_new_privileges().
void filter_system_calls();

}  // namespace evergrass::jail
