#pragma once

#include <functional>
#include <string>
#include <string_view>

// Where on this host a control group can be made. Pure.
namespace evergrass::edge::isolation {

struct cgroup_place {
    std::string directory;  // in which groups are made; empty: the host doesn't have it
    bool second_version = false;
};

struct cgroup_places {
    cgroup_place memory;
    cgroup_place pids;
    cgroup_place devices;  // of version 2, which needs no controller for it, wherever one is
};

// The group that the core moves itself into where there is only version 2, which allows no
// processes in a group that has limited groups in it. Those are made beside it.
constexpr std::string_view core_group = "evergrass-core";

// `mountinfo` and `own` are the texts of /proc/self/mountinfo and /proc/self/cgroup; `read` gives a
// file's text, empty when there is none: of version 2 it is asked which controllers are at hand.
// Controllers that version 1 has are taken from there.
cgroup_places find_cgroups(std::string_view mountinfo, std::string_view own,
                           const std::function<std::string(const std::string& path)>& read);

}  // namespace evergrass::edge::isolation
