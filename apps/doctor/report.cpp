#include "apps/doctor/report.hpp"

#include "libs/base/xml.hpp"

#include <algorithm>

namespace evergrass::doctor {
namespace {

constexpr std::size_t id_width = 25;
constexpr std::size_t word_width = 9;

const char* word_for(verdict is) {
    switch (is) {
        case verdict::ok:
            return "OK";
        case verdict::warning:
            return "warning";
        case verdict::failed:
            return "failed";
        case verdict::skipped:
            return "skipped";
    }
    return "";
}

// For programs, which like one form of letters.
std::string status_word(verdict is) {
    return is == verdict::ok ? "ok" : word_for(is);
}

const char* colour_for(verdict is) {
    switch (is) {
        case verdict::ok:
            return "\x1b[32m";
        case verdict::warning:
            return "\x1b[33m";
        case verdict::failed:
            return "\x1b[31m";
        case verdict::skipped:
            return "\x1b[2m";
    }
    return "";
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size() + 1, width), ' ');
    return text;
}

ability ability_of(const std::vector<finding_group>& groups) {
    auto most = ability::containers;
    for (const auto& group : groups) {
        for (const auto& finding : group.findings) {
            most = std::max(most, finding.of.leaves);
        }
    }
    return most;
}

const char* name_of(ability can) {
    return can == ability::containers ? "GreengrassContainer"
           : can == ability::reduced  ? "reduced"
                                      : "none";
}

std::size_t count_of(const finding_group& group, verdict is) {
    return static_cast<std::size_t>(
        std::count_if(group.findings.begin(), group.findings.end(),
                      [&](const auto& finding) { return finding.of.is == is; }));
}

std::size_t count_of(const std::vector<finding_group>& groups, verdict is) {
    std::size_t all = 0;
    for (const auto& group : groups) {
        all += count_of(group, is);
    }
    return all;
}

std::string attribute(std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"" + xml_text(value) + "\"";
}

std::string attribute(std::string_view name, std::size_t value) {
    return attribute(name, std::to_string(value));
}

std::string case_of(const finding_group& group, const finding& finding) {
    const auto head = "    <testcase" + attribute("classname", "evergrass.doctor." + group.id) +
                      attribute("name", finding.id) + attribute("time", "0");
    switch (finding.of.is) {
        case verdict::ok:
            return head + "><system-out>" + xml_text(finding.of.found) +
                   "</system-out></testcase>\n";
        case verdict::warning:
            return head + "><system-out>warning: " +
                   xml_text(finding.of.found + "\n" + finding.of.remedy) +
                   "</system-out></testcase>\n";
        case verdict::failed:
            return head + "><failure" + attribute("message", finding.of.found) + ">" +
                   xml_text(finding.of.remedy) + "</failure></testcase>\n";
        case verdict::skipped:
            return head + "><skipped" + attribute("message", finding.of.found) + "/></testcase>\n";
    }
    return "";
}

}  // namespace

int status_of(const std::vector<finding_group>& groups) {
    return static_cast<int>(ability_of(groups));
}

std::string text_of(const finding_group& group, bool colours) {
    auto text = group.title + "\n";
    for (const auto& [id, of] : group.findings) {
        const auto word = padded(word_for(of.is), word_width);
        text += "  " + (colours ? colour_for(of.is) + word + "\x1b[0m" : word) +
                padded(id, id_width) + " " + of.found + "\n";
        if (!of.remedy.empty()) {
            text += std::string(2 + word_width + id_width + 1, ' ') + "-> " + of.remedy + "\n";
        }
    }
    return text;
}

std::string summary_of(const std::vector<finding_group>& groups) {
    std::string text;
    switch (ability_of(groups)) {
        case ability::containers:
            text = "A core can run here, with functions in GreengrassContainer.\n";
            break;
        case ability::reduced:
            text =
                "A core can run here, but not with all of GreengrassContainer: with NoContainer, "
                "or in containers without limits.\n";
            break;
        case ability::nothing:
            text = "A core cannot do its work here as things are: see what failed.\n";
            break;
    }
    return text + std::to_string(count_of(groups, verdict::failed)) + " failed, " +
           std::to_string(count_of(groups, verdict::warning)) + " warnings, " +
           std::to_string(count_of(groups, verdict::ok)) + " OK, " +
           std::to_string(count_of(groups, verdict::skipped)) + " skipped\n";
}

json::object json_of(const std::vector<finding_group>& groups) {
    json::array checks;
    for (const auto& group : groups) {
        for (const auto& finding : group.findings) {
            json::object one{{"group", group.id},
                             {"id", finding.id},
                             {"status", status_word(finding.of.is)},
                             {"found", finding.of.found}};
            if (!finding.of.remedy.empty()) {
                one["remedy"] = finding.of.remedy;
            }
            one["leaves"] = name_of(finding.of.leaves);
            checks.push_back(std::move(one));
        }
    }
    return {{"isolation", name_of(ability_of(groups))},
            {"exitStatus", status_of(groups)},
            {"failed", count_of(groups, verdict::failed)},
            {"warnings", count_of(groups, verdict::warning)},
            {"checks", std::move(checks)}};
}

std::string junit_of(const std::vector<finding_group>& groups, wall_time now) {
    std::size_t all = 0;
    for (const auto& group : groups) {
        all += group.findings.size();
    }
    auto xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
               attribute("name", "evergrass doctor") + attribute("tests", all) +
               attribute("failures", count_of(groups, verdict::failed)) + ">\n";
    for (const auto& group : groups) {
        xml += "  <testsuite" + attribute("name", group.id) +
               attribute("tests", group.findings.size()) +
               attribute("failures", count_of(group, verdict::failed)) + attribute("errors", 0) +
               attribute("skipped", count_of(group, verdict::skipped)) +
               attribute("timestamp", format_iso8601(now).substr(0, 19)) + ">\n";
        for (const auto& finding : group.findings) {
            xml += case_of(group, finding);
        }
        xml += "  </testsuite>\n";
    }
    return xml + "</testsuites>\n";
}

}  // namespace evergrass::doctor
