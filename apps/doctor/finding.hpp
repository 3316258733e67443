#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What `evergrass doctor` finds out, and what it follows from it.
namespace evergrass::doctor {

enum class verdict { ok, warning, failed, skipped };

// The most that a core can do here as long as things are as they were found. In this order: the
// worst of all findings counts.
enum class ability {
    containers,  // GreengrassContainer with its limits, V1's default
    reduced,     // NoContainer alone, or rootless: containers without limits
    nothing,     // no core runs here, or it gets nothing from its service
};

struct judgement {
    verdict is = verdict::ok;
    std::string found;   // one sentence or less: what there is
    std::string remedy;  // what to do; never empty for a warning or a failure
    ability leaves = ability::containers;
};

// A judgement with the name of the check that made it (docs/doctor.md).
struct finding {
    std::string id;
    judgement of;
};

// Findings about one thing, in the order in which they were looked at.
struct finding_group {
    std::string id;     // "host", "core", "mqtt" …
    std::string title;  // for people
    std::vector<finding> findings;
};

inline judgement ok(std::string found) {
    return {verdict::ok, std::move(found), "", ability::containers};
}
inline judgement skipped(std::string why) {
    return {verdict::skipped, std::move(why), "", ability::containers};
}
inline judgement warning(std::string found, std::string remedy,
                         ability leaves = ability::containers) {
    return {verdict::warning, std::move(found), std::move(remedy), leaves};
}
inline judgement failed(std::string found, std::string remedy, ability leaves = ability::nothing) {
    return {verdict::failed, std::move(found), std::move(remedy), leaves};
}

// Some of what is found was said by others: servers, files, processes. Control characters, which a
// terminal would obey, and what is no UTF-8 become '?'.
std::string printable(std::string_view text);

// One row of a table of checks: its name, and how it judges what was looked at. Pure.
template <class Facts>
struct check {
    const char* id;
    judgement (*judge)(const Facts& facts);
};

template <class Facts>
finding_group judge_all(std::string id, std::string title, const Facts& facts,
                        const std::vector<check<Facts>>& table) {
    finding_group group{std::move(id), std::move(title), {}};
    for (const auto& row : table) {
        auto of = row.judge(facts);
        of.found = printable(of.found);
        of.remedy = printable(of.remedy);
        group.findings.push_back({row.id, std::move(of)});
    }
    return group;
}

}  // namespace evergrass::doctor
