#include "libs/group_file/difference.hpp"

#include "libs/group_file/group.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace evergrass::group_file {
namespace {

// Fields that the file may leave to what is there.
bool may_be_open(std::string_view section, std::string_view name) {
    if (name == "id") {
        return section == "subscriptions" || section == "loggers" || section == "core" ||
               section == "devices";
    }
    return name == "certificate" || name == "runtime" || name == "handler";
}

std::string shown(const json::value* value) {
    if (value == nullptr) {
        return "(none)";
    }
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

void compare(const json::object& current, const json::object& wanted, std::string_view section,
             const std::string& prefix, std::vector<std::string>& details) {
    std::set<std::string> names;
    for (const auto* side : {&current, &wanted}) {
        for (const auto& member : *side) {
            names.insert(std::string(member.key()));
        }
    }
    for (const auto& name : names) {
        const auto* old = current.if_contains(name);
        const auto* fresh = wanted.if_contains(name);
        if (fresh == nullptr && prefix.empty() && may_be_open(section, name)) {
            continue;
        }
        if (old != nullptr && fresh != nullptr && old->is_object() && fresh->is_object()) {
            compare(old->get_object(), fresh->get_object(), section, prefix + name + ".", details);
        } else if (old == nullptr || fresh == nullptr || *old != *fresh) {
            details.push_back(prefix + name + ": " + shown(old) + " -> " + shown(fresh));
        }
    }
}

}  // namespace

std::vector<change> difference(const json::object& current, const json::object& wanted) {
    std::vector<change> changes;
    for (const auto* name : {"role", "tags", "certificateExpiryMs", "defaults"}) {
        const auto* old = current.if_contains(name);
        const auto* fresh = wanted.if_contains(name);
        if ((old == nullptr) != (fresh == nullptr) || (old != nullptr && *old != *fresh)) {
            change one{old == nullptr     ? change::kind::add
                       : fresh == nullptr ? change::kind::remove
                                          : change::kind::alter,
                       name,
                       "",
                       {}};
            json::object before;
            json::object after;
            if (old != nullptr) {
                before[name] = *old;
            }
            if (fresh != nullptr) {
                after[name] = *fresh;
            }
            compare(before, after, name, "", one.details);
            changes.push_back(std::move(one));
        }
    }
    for (const auto& family : families()) {
        std::map<std::string, const json::object*> before;
        for (const auto* part : parts_of(current, family.section)) {
            before[key_of(family.section, *part)] = part;
        }
        for (const auto* part : parts_of(wanted, family.section)) {
            const auto key = key_of(family.section, *part);
            const auto found = before.find(key);
            change one{change::kind::alter, std::string(family.section), key, {}};
            if (found == before.end()) {
                one.what = change::kind::add;
                changes.push_back(std::move(one));
                continue;
            }
            compare(*found->second, *part, family.section, "", one.details);
            before.erase(found);
            if (!one.details.empty()) {
                changes.push_back(std::move(one));
            }
        }
        for (const auto& [key, part] : before) {
            changes.push_back({change::kind::remove, std::string(family.section), key, {}});
        }
    }
    return changes;
}

std::string to_lines(const change& one, bool colours) {
    const char* sign = one.what == change::kind::add      ? "+"
                       : one.what == change::kind::remove ? "-"
                                                          : "~";
    const char* colour = one.what == change::kind::add      ? "\x1b[32m"
                         : one.what == change::kind::remove ? "\x1b[31m"
                                                            : "\x1b[33m";
    std::string text = colours ? colour : "";
    text += std::string(sign) + " " + one.section + (one.key.empty() ? "" : ": " + one.key);
    text += colours ? "\x1b[0m\n" : "\n";
    for (const auto& detail : one.details) {
        text += "    " + detail + "\n";
    }
    return text;
}

json::object to_json(const change& one) {
    json::array details;
    for (const auto& detail : one.details) {
        details.emplace_back(detail);
    }
    return {{"change", one.what == change::kind::add      ? "add"
                       : one.what == change::kind::remove ? "remove"
                                                          : "alter"},
            {"section", one.section},
            {"key", one.key},
            {"details", std::move(details)}};
}

}  // namespace evergrass::group_file
