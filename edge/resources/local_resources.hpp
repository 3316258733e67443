#pragma once

#include "edge/isolation/jail_order.hpp"
#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

// Local resource access: the volumes and devices of the host that a group gives to its functions
// (spec/core.md §8.1).
namespace evergrass::edge {

struct local_resource {
    std::string id;
    bool is_device = false;
    std::string source;       // absolute, on the host
    std::string destination;  // of a volume, in the jail
    bool auto_add_group_owner = false;
    std::string group_owner;    // a group's name or number; counts only without the automatic one
    bool is_delivered = false;  // came with the deployment, and lies among the core's own files

    bool operator==(const local_resource&) const = default;
};

// Of the manifest's resources those that are local. The error names the member that is wrong.
result<std::vector<local_resource>> read_local_resources(const json::array& resources);

struct resource_request {
    std::string resource_id;
    bool writable = false;
};

// Who the function is.
struct resource_user {
    uid_t uid = 0;
    gid_t gid = 0;
};

struct granted_resources {
    std::vector<isolation::jail_mount> mounts;
    std::vector<isolation::jail_device> devices;
    std::vector<gid_t> groups;  // of owners, which the function gets besides its own
};

// May a process with these ids read, or read and write, what is at the path? By the file's own
// owner, mode and access list; the directories on the way to it don't count, for in a jail it is
// not reached by them.
using access_check = std::function<bool(const std::string& path, const resource_user& user,
                                        const std::vector<gid_t>& groups, bool writable)>;

// Asks the kernel, as a process with these ids. Needs root for ids other than our own. Takes about
// a millisecond.
bool may_access(const std::string& path, const resource_user& user,
                const std::vector<gid_t>& groups, bool writable);

// What a function gets by its ResourceAccessPolicies, checked in V1's words: the error is for the
// deployment's status. Ids that name no local resource are somebody else's (secrets, models).
// `hidden`: what no function may have: the core's own directories and keys.
result<granted_resources> grant_resources(const std::vector<resource_request>& requests,
                                          const std::vector<local_resource>& resources,
                                          const resource_user& user,
                                          const std::vector<std::string>& hidden,
                                          const access_check& allowed = may_access);

}  // namespace evergrass::edge
