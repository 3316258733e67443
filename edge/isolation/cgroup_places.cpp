#include "edge/isolation/cgroup_places.hpp"

#include "edge/isolation/mount_table.hpp"

#include <optional>
#include <utility>

namespace evergrass::edge::isolation {
namespace {

bool contains(std::string_view list, char separator, std::string_view wanted) {
    for (const auto part : split(list, separator)) {
        if (part == wanted) {
            return true;
        }
    }
    return false;
}

// "4:memory:/a/b" -> "/a/b"; of version 2 the line is "0::/a/b".
std::optional<std::string> own_path(std::string_view own, std::string_view controller) {
    for (const auto line : split(own, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) {
            continue;
        }
        const auto names = line.substr(first + 1, second - first - 1);
        const bool wanted = controller.empty() ? names.empty() : contains(names, ',', controller);
        if (wanted) {
            return std::string(line.substr(second + 1));
        }
    }
    return std::nullopt;
}

// Empty: the group is not within what is mounted there.
std::string directory_of(const mount_entry& h, std::string path) {
    if (!path.starts_with('/') || path.starts_with("/..")) {
        return {};
    }
    // A container's own group is its hierarchy's root, which is what it sees mounted.
    if (h.root != "/") {
        if (!path.starts_with(h.root) ||
            (path.size() > h.root.size() && path[h.root.size()] != '/')) {
            return {};
        }
        path.erase(0, h.root.size());
    }
    if (const auto last = path.rfind('/');
        last != std::string::npos && std::string_view(path).substr(last + 1) == core_group) {
        path.erase(last);
    }
    while (path.ends_with('/')) {
        path.pop_back();
    }
    return h.point + path;
}

}  // namespace

cgroup_places find_cgroups(std::string_view mountinfo, std::string_view own,
                           const std::function<std::string(const std::string& path)>& read) {
    cgroup_places places;
    const auto all = read_mount_table(mountinfo);
    const auto first_version = [&](std::string_view controller) -> cgroup_place {
        for (const auto& h : all) {
            if (h.type != "cgroup" || !contains(h.options, ',', controller)) {
                continue;
            }
            if (const auto path = own_path(own, controller)) {
                if (auto directory = directory_of(h, *path); !directory.empty()) {
                    return {std::move(directory), false};
                }
            }
        }
        return {};
    };
    places.memory = first_version("memory");
    places.pids = first_version("pids");
    places.devices = first_version("devices");
    for (const auto& h : all) {
        const auto path = own_path(own, "");
        if (h.type != "cgroup2" || !path) {
            continue;
        }
        const auto directory = directory_of(h, *path);
        if (directory.empty()) {
            continue;
        }
        const auto given = read(directory + "/cgroup.subtree_control");
        const auto take = [&](cgroup_place& place, std::string_view controller) {
            std::string_view list = given;
            if (list.ends_with('\n')) {
                list.remove_suffix(1);
            }
            if (place.directory.empty() &&
                (controller.empty() || contains(list, ' ', controller))) {
                place = {directory, true};
            }
        };
        take(places.memory, "memory");
        take(places.pids, "pids");
        take(places.devices, "");
    }
    return places;
}

}  // namespace evergrass::edge::isolation
