#include "edge/router/subject_index.hpp"

#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace evergrass::edge {

subject_index::node_id subject_index::literal_child(const node& parent, std::string_view level) {
    if (parent.several) {
        const auto found = parent.several->find(level);
        return found == parent.several->end() ? 0 : found->second;
    }
    return parent.only_child != 0 && parent.only_level == level ? parent.only_child : 0;
}

subject_index::node_id subject_index::child(node_id parent, std::string_view level) {
    const auto next = static_cast<node_id>(nodes_.size());
    auto& from = nodes_[parent];
    if (level == "+") {
        if (from.plus != 0) {
            return from.plus;
        }
        from.plus = next;
    } else if (const auto known = literal_child(from, level); known != 0) {
        return known;
    } else if (from.several) {
        from.several->emplace(level, next);
    } else if (from.only_child != 0) {
        from.several = std::make_unique<text_map<node_id>>();
        from.several->emplace(std::move(from.only_level), std::exchange(from.only_child, 0));
        from.several->emplace(level, next);
    } else {
        from.only_level = level;
        from.only_child = next;
    }
    nodes_.emplace_back();
    return next;
}

void subject_index::add(std::string_view subject, routing_table::way to) {
    if (subject.find_first_of("+#") == std::string_view::npos) {
        exact_[std::string(subject)].push_back(to);
        return;
    }
    node_id at = 0;
    mqtt::topic_levels levels(subject);
    std::string_view level;
    while (levels.next(level)) {
        if (level == "#") {
            nodes_[at].below.push_back(to);
            return;
        }
        at = child(at, level);
    }
    nodes_[at].here.push_back(to);
}

template <class F>
void subject_index::visit(std::string_view topic, F found) const {
    if (!exact_.empty()) {
        const auto hit = exact_.find(topic);
        if (hit != exact_.end() && !found(hit->second)) {
            return;
        }
    }
    struct branch {
        const node* at;
        std::size_t offset;  // of the level below `at`; beyond the end: no more levels
    };
    // Each step takes one branch and adds at most two, one level deeper: one waits at each level.
    std::array<branch, max_subject_levels + 2> open;
    std::size_t count = 0;
    open[count++] = {&nodes_[0], 0};
    const bool reserved = topic.starts_with('$');  // [MQTT-4.7.2-1]
    while (count > 0) {
        const auto [at, offset] = open[--count];
        const bool under_root_of_reserved = reserved && offset == 0;
        // `a/#` matches `a` and all below it (MQTT 3.1.1). V1's guide says "`a/` and deeper but not
        // `a`" (spec/core.md §9); the standard is what clients on either side go by.
        if (!at->below.empty() && !under_root_of_reserved && !found(at->below)) {
            return;
        }
        if (offset > topic.size()) {
            if (!at->here.empty() && !found(at->here)) {
                return;
            }
            continue;
        }
        const auto slash = std::min(topic.find('/', offset), topic.size());
        if (at->plus != 0 && !under_root_of_reserved) {
            open[count++] = {&nodes_[at->plus], slash + 1};
        }
        const auto level = topic.substr(offset, slash - offset);
        if (const auto next = literal_child(*at, level); next != 0) {
            open[count++] = {&nodes_[next], slash + 1};
        }
    }
}

std::size_t subject_index::match(std::string_view topic,
                                 std::vector<const endpoint*>& targets) const {
    std::size_t subjects = 0;
    visit(topic, [&](const target_list& found) {
        ++subjects;
        for (const auto& one : found) {
            targets.push_back(one.target);
        }
        return true;
    });
    return subjects;
}

std::size_t subject_index::match(std::string_view topic,
                                 std::vector<routing_table::way>& ways) const {
    std::size_t subjects = 0;
    visit(topic, [&](const target_list& found) {
        ++subjects;
        ways.insert(ways.end(), found.begin(), found.end());
        return true;
    });
    return subjects;
}

bool subject_index::matches(std::string_view topic) const {
    bool any = false;
    visit(topic, [&](const target_list&) {
        any = true;
        return false;
    });
    return any;
}

}  // namespace evergrass::edge
