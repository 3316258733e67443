#pragma once

#include "libs/mqtt/text_map.hpp"
#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

// Filters and what stands at them, found by topic name: cost grows with the filters that match and
// not with those that are there. Filters without wildcards are found by one hash, the others stand
// in a tree of levels. Neither adding nor matching recurses deeper than a filter has levels, and
// the server limits those. `Value` is compared with ==. One thread.
template <class Value>
class topic_tree {
public:
    // `filter` is well-formed. Each pair is added once: remove it first to replace it.
    void add(std::string_view filter, Value value) {
        if (is_exact(filter)) {
            slot(exact_, filter).push_back(std::move(value));
        } else {
            find_or_make(filter).push_back(std::move(value));
        }
        ++size_;
    }

    // False when it was not there.
    bool remove(std::string_view filter, const Value& value) {
        const bool removed =
            is_exact(filter) ? remove_exact(filter, value) : remove_below(root_, filter, value);
        size_ -= removed ? 1 : 0;
        return removed;
    }

    // Calls `found(value)` for each filter that matches; `a/#` matches `a` where
    // `hash_matches_parent`, as MQTT has it (MQTT-4.7.1-2).
    template <class F>
    void match(std::string_view topic, bool hash_matches_parent, F found) const {
        if (const auto at = exact_.find(topic); at != exact_.end()) {
            for (const auto& value : at->second) {
                found(value);
            }
        }
        walk(root_, topic, true, hash_matches_parent, found);
    }

    std::size_t size() const { return size_; }

private:
    struct node {
        text_map<std::unique_ptr<node>> children;  // "+" among them
        std::vector<Value> here;                   // filters that end at this level
        std::vector<Value> below;                  // filters that end with '#' after this level

        bool empty() const { return children.empty() && here.empty() && below.empty(); }
    };
    using values = std::vector<Value>;

    static bool is_exact(std::string_view filter) {
        return filter.find_first_of("+#") == std::string_view::npos;
    }

    template <class Map>
    static auto& slot(Map& map, std::string_view key) {
        const auto found = map.find(key);
        return found != map.end() ? found->second : map[std::string(key)];
    }

    static bool erase(values& from, const Value& value) {
        const auto at = std::find(from.begin(), from.end(), value);
        if (at == from.end()) {
            return false;
        }
        *at = std::move(from.back());
        from.pop_back();
        return true;
    }

    values& find_or_make(std::string_view filter) {
        topic_levels levels(filter);
        std::string_view level;
        auto* at = &root_;
        while (levels.next(level)) {
            if (level == "#") {
                return at->below;
            }
            auto& child = slot(at->children, level);
            if (!child) {
                child = std::make_unique<node>();
            }
            at = child.get();
        }
        return at->here;
    }

    bool remove_exact(std::string_view filter, const Value& value) {
        const auto at = exact_.find(filter);
        if (at == exact_.end() || !erase(at->second, value)) {
            return false;
        }
        if (at->second.empty()) {
            exact_.erase(at);
        }
        return true;
    }

    // Nodes that stand for nothing any more go too.
    static bool remove_below(node& root, std::string_view filter, const Value& value) {
        std::vector<std::pair<node*, std::string_view>> path;
        topic_levels levels(filter);
        std::string_view level;
        auto* at = &root;
        auto* list = &at->here;
        while (levels.next(level)) {
            if (level == "#") {
                list = &at->below;
                break;
            }
            const auto child = at->children.find(level);
            if (child == at->children.end()) {
                return false;
            }
            path.emplace_back(at, level);
            at = child->second.get();
            list = &at->here;
        }
        if (!erase(*list, value)) {
            return false;
        }
        for (; !path.empty() && at->empty(); path.pop_back()) {
            at = path.back().first;
            at->children.erase(at->children.find(path.back().second));
        }
        return true;
    }

    template <class F>
    static void tell(const values& all, F& found) {
        for (const auto& value : all) {
            found(value);
        }
    }

    // `rest`: the levels that are still to come after `at`.
    template <class F>
    static void walk(const node& at, std::string_view rest, bool first, bool hash_matches_parent,
                     F& found) {
        // A leading wildcard does not match a name that starts with '$' (MQTT-4.7.2-1).
        const bool wild = !(first && rest.starts_with('$'));
        if (wild) {
            tell(at.below, found);
        }
        const auto slash = rest.find('/');
        const auto level = rest.substr(0, slash);
        const auto enter = [&](const node& child) {
            if (slash != std::string_view::npos) {
                walk(child, rest.substr(slash + 1), false, hash_matches_parent, found);
                return;
            }
            tell(child.here, found);
            if (hash_matches_parent) {
                tell(child.below, found);
            }
        };
        if (at.children.empty()) {
            return;
        }
        if (const auto child = at.children.find(level); child != at.children.end()) {
            enter(*child->second);
        }
        if (const auto plus = wild ? at.children.find(std::string_view("+")) : at.children.end();
            plus != at.children.end()) {
            enter(*plus->second);
        }
    }

    text_map<values> exact_;
    node root_;
    std::size_t size_ = 0;
};

}  // namespace evergrass::mqtt
