#pragma once

#include "libs/v1_core/findings.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

// Local shadows out of a store whose form nobody has published (spec/on-disk.md §9).
namespace evergrass::v1 {

struct old_shadow {
    std::string thing;
    std::string document;  // {"state": {...}, …} as it was found
    std::string where;
};

// Looks at the files below `state` (not server, not stream_manager) by their content: SQLite files
// are copied, with their journals, to a private folder and the copy is read; files of JSON with
// `state` are named after their thing. What isn't matched is told, with table names and counts.
// Nothing is written below `state`.
std::vector<old_shadow> read_old_shadows(const std::filesystem::path& state,
                                         const std::set<std::string>& things, findings& found);

}  // namespace evergrass::v1
