#pragma once

namespace evergrass::edge::isolation {
struct jail_order;
}

namespace evergrass::jail {

// Makes the file tree that the function sees and makes it this process's root: an overlay of the
// host's root that keeps what is written in memory (`rootless`: the host's root, read-only), with
// the order's mounts and devices in it and without what it hides. REQUIRES: a mount, pid and ipc
// namespace of its own, the order's work directory with jail/, tmp/ and var_tmp/ in it. Ends the
// process when something is refused. `rootless`: in a user namespace of somebody who isn't root.
void enter_root(const edge::isolation::jail_order& order, bool rootless);

// For an order that waits, whose enter_root() kept the host's root within reach of root: mounts
// what `order`, the second one, has besides, and takes the host's root away.
void complete_root(const edge::isolation::jail_order& first,
                   const edge::isolation::jail_order& order);

}  // namespace evergrass::jail
