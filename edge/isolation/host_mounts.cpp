#include "edge/isolation/host_mounts.hpp"

#include "edge/isolation/mount_table.hpp"

#include <algorithm>
#include <array>

namespace evergrass::edge::isolation {

std::vector<std::string> program_mounts(std::string_view mountinfo) {
    constexpr std::array<std::string_view, 9> trees = {"/usr", "/opt",   "/nix",   "/bin", "/sbin",
                                                       "/lib", "/lib32", "/lib64", "/etc"};
    std::vector<std::string> points;
    for (auto& m : read_mount_table(mountinfo)) {
        const bool wanted = std::any_of(trees.begin(), trees.end(), [&](std::string_view tree) {
            return m.point == tree || (m.point.starts_with(tree) && m.point[tree.size()] == '/');
        });
        // What is inside of one that is taken comes with it.
        const bool inside = std::any_of(points.begin(), points.end(), [&](const auto& taken) {
            return m.point == taken || (m.point.starts_with(taken) && m.point[taken.size()] == '/');
        });
        if (wanted && !inside) {
            points.push_back(std::move(m.point));
        }
    }
    return points;
}

}  // namespace evergrass::edge::isolation
