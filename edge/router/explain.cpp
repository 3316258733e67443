#include "edge/router/explain.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

// The considered, as they stand in the table, with what orders them.
struct candidate {
    nearness near;
    const routing_table::entry* entry;
    level_difference differs;
};

std::optional<candidate> consider(const routing_table::entry& entry, const question& asked) {
    const auto differs = first_difference(entry.subject, asked.topic);
    if (*entry.source == asked.source) {
        if (differs) {
            return candidate{nearness::subject_differs, &entry, *differs};
        }
        const bool wanted = !asked.to || *entry.target == *asked.to;
        return candidate{wanted ? nearness::matched : nearness::other_target, &entry, {}};
    }
    if (!differs && (!asked.to || *entry.target == *asked.to)) {
        return candidate{nearness::other_source, &entry, {}};
    }
    return std::nullopt;
}

// A subject that differs late is nearer than one that differs early.
bool is_nearer(const candidate& a, const candidate& b) {
    if (a.near != b.near) {
        return a.near < b.near;
    }
    return a.near == nearness::subject_differs && a.differs.level > b.differs.level;
}

considered_subscription shown(const candidate& c) {
    considered_subscription out;
    out.near = c.near;
    out.id = c.entry->id;
    out.source = *c.entry->source;
    out.target = *c.entry->target;
    out.subject = c.entry->subject;
    if (c.near == nearness::subject_differs) {
        out.level = c.differs.level;
        out.reserved = c.differs.reserved;
        if (c.differs.filter_has) {
            out.subject_level = std::string(c.differs.filter_level);
        }
        if (c.differs.topic_has) {
            out.topic_level = std::string(c.differs.topic_level);
        }
    }
    return out;
}

void add_target(std::vector<target_outcome>& targets, const routing_table::entry& entry,
                const explain_lookups& states) {
    auto found = std::find_if(targets.begin(), targets.end(),
                              [&](const auto& t) { return t.target == *entry.target; });
    if (found == targets.end()) {
        const auto state = states.of_target(*entry.target);
        targets.push_back({*entry.target, {}, state.known, state.drop});
        found = std::prev(targets.end());
    }
    found->subscriptions.push_back(entry.id);
}

}  // namespace

std::string_view to_string(nearness n) {
    switch (n) {
        case nearness::matched:
            return "matched";
        case nearness::other_target:
            return "other_target";
        case nearness::subject_differs:
            return "subject_differs";
        case nearness::other_source:
            return "other_source";
    }
    return "unknown";
}

bool explanation::delivered() const {
    return !drop && !targets.empty() &&
           std::none_of(targets.begin(), targets.end(), [](const auto& t) { return t.drop; });
}

explanation explain(const routing_table& table, const question& asked,
                    const explain_lookups& states) {
    explanation out;
    out.asked = asked;
    std::vector<candidate> near;
    for (const auto& entry : table.entries()) {
        if (auto candidate = consider(entry, asked)) {
            near.push_back(*candidate);
        }
    }
    std::stable_sort(near.begin(), near.end(), is_nearer);
    for (const auto& c : near) {
        if (c.near == nearness::matched) {
            add_target(out.targets, *c.entry, states);
        }
        if (out.considered.size() < max_considered) {
            out.considered.push_back(shown(c));
        }
    }
    out.left_out = near.size() - out.considered.size();
    if (const auto source = states.of_source(asked.source); source.drop) {
        out.drop = source.drop;
    } else if (out.targets.empty()) {
        // To a target that was asked for, no subscription of another target helps.
        const bool has_one = std::any_of(near.begin(), near.end(), [&](const auto& c) {
            return c.near == nearness::subject_differs &&
                   (!asked.to || *c.entry->target == *asked.to);
        });
        out.drop = has_one ? drop_reason::subject_differs : drop_reason::no_subscription;
    }
    return out;
}

}  // namespace evergrass::edge
