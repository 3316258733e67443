// The kernel's tables of mounts and control groups. Somebody's file names are in them. The input is
// mountinfo, the own cgroups and the controllers that are given on, with lines of "%%" between
// them.
#include "edge/isolation/cgroup_places.hpp"
#include "edge/isolation/host_mounts.hpp"
#include "edge/isolation/mount_table.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evergrass::edge::isolation;

namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::string_view take_part(std::string_view& rest) {
    constexpr std::string_view separator = "\n%%\n";
    const auto end = rest.find(separator);
    const auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + separator.size());
    return part;
}

bool is_within(std::string_view path, std::string_view directory) {
    return path.starts_with(directory) &&
           (path.size() == directory.size() || path[directory.size()] == '/');
}

void check_split(std::string_view text) {
    std::string_view rest = text;
    for (const auto part : split(text, ' ')) {
        check(!part.empty() && part.find(' ') == std::string_view::npos);
        const auto found = rest.find(part);
        check(found != std::string_view::npos);
        check(rest.substr(0, found).find_first_not_of(' ') == std::string_view::npos);
        rest.remove_prefix(found + part.size());
    }
    check(rest.find_first_not_of(' ') == std::string_view::npos);
}

std::vector<mount_entry> check_mounts(std::string_view mountinfo) {
    auto all = read_mount_table(mountinfo);
    for (const auto& m : all) {
        check(!m.root.empty() && !m.point.empty() && !m.type.empty() && !m.options.empty());
        for (const auto* text : {&m.type, &m.options}) {
            check(text->find_first_of(" \n") == std::string::npos);
        }
    }
    const auto programs = program_mounts(mountinfo);
    for (std::size_t i = 0; i < programs.size(); ++i) {
        check(std::any_of(all.begin(), all.end(),
                          [&](const auto& m) { return m.point == programs[i]; }));
        for (std::size_t earlier = 0; earlier < i; ++earlier) {
            check(!is_within(programs[i], programs[earlier]));
        }
    }
    return all;
}

void check_place(const cgroup_place& place, const std::vector<mount_entry>& mounts) {
    if (place.directory.empty()) {
        check(!place.second_version);
        return;
    }
    check(std::any_of(mounts.begin(), mounts.end(), [&](const auto& m) {
        return m.type == (place.second_version ? "cgroup2" : "cgroup") &&
               is_within(place.directory, m.point);
    }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    check_split(rest);
    const auto mountinfo = take_part(rest);
    const auto own = take_part(rest);
    const auto mounts = check_mounts(mountinfo);
    const auto places = find_cgroups(mountinfo, own, [&](const std::string& path) {
        check(path.ends_with("/cgroup.subtree_control"));
        return std::string(rest);
    });
    for (const auto* place : {&places.memory, &places.pids, &places.devices}) {
        check_place(*place, mounts);
    }
    return 0;
}
