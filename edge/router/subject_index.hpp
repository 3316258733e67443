#pragma once

#include "edge/router/table.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace evergrass::edge {

// A subject may have no more levels, so that matching needs a stack of fixed size. The local server
// admits no deeper topics either.
constexpr std::size_t max_subject_levels = 128;

// Subjects of one source and who gets what matches them. Subjects without wildcards are found by
// one hash; the others stand in a tree of levels, of which a look-up visits the branches that
// match.
class subject_index {
public:
    subject_index() : nodes_(1) {}

    // `subject` is a checked filter of at most max_subject_levels; each pair is added once.
    void add(std::string_view subject, routing_table::way to);

    // Appends targets, with repetitions when several subjects match. Returns how many subjects did.
    std::size_t match(std::string_view topic, std::vector<const endpoint*>& targets) const;
    // The same with the subscriptions, each once.
    std::size_t match(std::string_view topic, std::vector<routing_table::way>& ways) const;
    bool matches(std::string_view topic) const;

private:
    // Look-up by string_view without making a string.
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    template <class T>
    using text_map = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;
    using target_list = std::vector<routing_table::way>;
    using node_id = std::uint32_t;  // 0 is the root, and "none" where a child is named

    // Most nodes have one child: it stands in the node, so that a look-up in a large table, which
    // finds nothing in the processor's caches, waits for few lines of memory.
    struct node {
        std::string only_level;
        node_id only_child = 0;  // 0: none, or several
        node_id plus = 0;
        std::unique_ptr<text_map<node_id>> several;  // instead of the only one
        target_list here;                            // subjects that end at this level
        target_list below;                           // subjects that end with '#' after this level
    };

    node_id child(node_id parent, std::string_view level);
    static node_id literal_child(const node& parent, std::string_view level);
    // Calls `found` with each matching subject's targets until it returns false.
    template <class F>
    void visit(std::string_view topic, F found) const;

    text_map<target_list> exact_;
    std::vector<node> nodes_;
};

}  // namespace evergrass::edge
