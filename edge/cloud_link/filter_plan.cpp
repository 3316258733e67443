#include "edge/cloud_link/filter_plan.hpp"

#include "edge/router/table.hpp"
#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

namespace evergrass::edge {
namespace {

bool has_wildcard(std::string_view filter) {
    return filter.find_first_of("+#") != std::string_view::npos;
}

std::ptrdiff_t slashes(std::string_view filter) {
    return std::count(filter.begin(), filter.end(), '/');
}

// At every server: `a/#` and `a` don't count.
bool surely_covers(std::string_view wide, std::string_view narrow) {
    return filter_covers(wide, narrow) && slashes(narrow) + 1 != slashes(wide);
}

}  // namespace

// Filters by their levels, so that those that share topics with one are found without a look at the
// others.
class filter_plan::filter_tree {
public:
    struct entry {
        std::string_view filter;
        unsigned connection;
    };

    void add(std::string_view filter, unsigned connection) {
        std::size_t at = 0;
        mqtt::topic_levels levels(filter);
        for (std::string_view level; levels.next(level);) {
            const auto [child, fresh] = nodes_[at].children.try_emplace(level, nodes_.size());
            at = child->second;
            if (fresh) {
                nodes_.emplace_back();
            }
        }
        nodes_[at].here.push_back({filter, connection});
    }

    // Calls found(entry) for each that shares topics with the filter, and perhaps for some that
    // would but for a `$` at the beginning, until that returns false.
    template <class Found>
    void near(std::string_view filter, const Found& found) const {
        std::vector<std::string_view> wanted;
        mqtt::topic_levels levels(filter);
        for (std::string_view level; levels.next(level);) {
            wanted.push_back(level);
        }
        std::vector<std::pair<std::size_t, std::size_t>> open = {{0, 0}};  // node, level
        while (!open.empty()) {
            const auto [at, level] = open.back();
            open.pop_back();
            const auto& n = nodes_[at];
            const bool ended = level == wanted.size();
            const bool rest = !ended && wanted[level] == "#";  // of all that is below, and here
            if ((ended || rest) && !std::all_of(n.here.begin(), n.here.end(), found)) {
                return;
            }
            for (const auto& [name, child] : reached(n, wanted, level)) {
                open.emplace_back(child, rest ? level : name == "#" ? wanted.size() : level + 1);
            }
        }
    }

private:
    struct node {
        std::map<std::string_view, std::size_t> children;
        std::vector<entry> here;
    };
    using children = std::vector<std::pair<std::string_view, std::size_t>>;

    static children reached(const node& n, const std::vector<std::string_view>& wanted,
                            std::size_t level) {
        children out;
        const auto take = [&](std::string_view name) {
            if (const auto child = n.children.find(name); child != n.children.end()) {
                out.push_back(*child);
            }
        };
        if (level < wanted.size() && (wanted[level] == "#" || wanted[level] == "+")) {
            out.assign(n.children.begin(), n.children.end());
            return out;
        }
        take("#");
        if (level < wanted.size()) {
            take("+");
            take(wanted[level]);
        }
        return out;
    }

    std::deque<node> nodes_ = std::deque<node>(1);
};

// Without those that others cover, whose levels these get.
wanted_filters filter_plan::widest(const wanted_filters& all) {
    filter_tree index;
    for (const auto& [filter, how] : all) {
        if (has_wildcard(filter)) {
            index.add(filter, 0);
        }
    }
    auto out = all;
    for (const auto& wanted : all) {
        const auto& [filter, how] = wanted;
        bool covered = false;
        index.near(filter, [&](const filter_tree::entry& other) {
            if (other.filter == wanted.first || !surely_covers(other.filter, wanted.first) ||
                (wanted.second.kept && !all.find(other.filter)->second.kept)) {
                return true;
            }
            covered = true;
            if (const auto left = out.find(other.filter); left != out.end()) {
                left->second.level = std::max(left->second.level, wanted.second.level);
            }
            return true;  // the others too, for one of them is the widest
        });
        if (covered) {
            out.erase(filter);
        }
    }
    return out;
}

filter_plan::filter_plan(std::size_t most_filters, std::size_t most_connections)
    : most_filters_(most_filters), most_connections_(most_connections) {
    connections_[0];
}

void filter_plan::restore(unsigned connection, const std::set<std::string>& filters) {
    if (connection == 0 || filters.empty()) {
        return;
    }
    auto& c = connections_[connection];
    c.kept = true;
    for (const auto& filter : filters) {
        c.filters.emplace(filter, mqtt::qos::at_least_once);
    }
}

std::vector<std::string> filter_plan::want(const wanted_filters& all) {
    auto fresh = widest(all);
    std::vector<std::pair<unsigned, std::string>> removed;
    for (auto& [number, c] : connections_) {
        for (auto at = c.filters.begin(); at != c.filters.end();) {
            const auto wanted = fresh.find(at->first);
            if (wanted != fresh.end() && wanted->second.kept == c.kept) {
                at->second = wanted->second.level;
                fresh.erase(wanted);
                ++at;
            } else {
                removed.emplace_back(number, at->first);
                at = c.filters.erase(at);
            }
        }
    }
    leave(std::move(removed), fresh);
    filter_tree placed;
    for (const auto& [number, c] : connections_) {
        for (const auto& [filter, level] : c.filters) {
            placed.add(filter, number);
        }
    }
    std::vector<std::string> without_place;
    for (const auto& [filter, how] : fresh) {
        if (!place(filter, how, placed)) {
            without_place.push_back(filter);
        }
    }
    note_shared();
    drop_empty();
    return without_place;
}

// What new ones take over from goes only when these are there.
void filter_plan::leave(std::vector<std::pair<unsigned, std::string>> removed,
                        const wanted_filters& fresh) {
    filter_tree coming;
    for (const auto& [filter, how] : fresh) {
        coming.add(filter, 0);
    }
    for (const auto& [number, filter] : removed) {
        bool waits = false;
        coming.near(filter, [&waits, name = std::string_view(filter)](const auto& other) {
            waits = waits || filters_overlap(other.filter, name);
            return !waits;
        });
        connections_[number].leaving.insert_or_assign(filter, waits);
    }
}

bool filter_plan::place(const std::string& filter, const wanted_filter& how, filter_tree& placed) {
    std::set<unsigned> taken;  // connections with a filter that shares topics
    placed.near(filter, [&](const filter_tree::entry& other) {
        if (filters_overlap(other.filter, filter)) {
            taken.insert(other.connection);
        }
        return true;
    });
    const auto fits = [&](unsigned number, const planned_connection& c) {
        const auto waiting = std::count_if(c.leaving.begin(), c.leaving.end(),
                                           [](const auto& one) { return one.second; });
        return c.kept == how.kept && !taken.contains(number) &&
               c.filters.size() + static_cast<std::size_t>(waiting) < most_filters_;
    };
    const auto put = [&](unsigned number, planned_connection& c) {
        const auto at = c.filters.emplace(filter, how.level).first;
        c.leaving.erase(filter);
        placed.add(at->first, number);
        return true;
    };
    // Where it is still, on its way out, it stays.
    for (const bool anywhere : {false, true}) {
        for (auto& [number, c] : connections_) {
            if ((anywhere || c.leaving.contains(filter)) && fits(number, c)) {
                return put(number, c);
            }
        }
    }
    unsigned number = 1;
    while (connections_.contains(number)) {
        ++number;
    }
    if (number >= most_connections_) {
        return false;
    }
    auto& c = connections_[number];
    c.kept = how.kept;
    return put(number, c);
}

void filter_plan::note_shared() {
    filter_tree index;
    for (auto& [number, c] : connections_) {
        c.shared.clear();
        for (const auto& [filter, level] : c.filters) {
            index.add(filter, number);
        }
    }
    std::set<std::pair<unsigned, std::string_view>> shared;
    for (const auto& [number, c] : connections_) {
        for (const auto& [filter, level] : c.filters) {
            index.near(filter, [&shared, here = number,
                                name = std::string_view(filter)](const filter_tree::entry& other) {
                if (other.connection != here && filters_overlap(other.filter, name)) {
                    shared.emplace(here, name);
                    shared.emplace(other.connection, other.filter);
                }
                return true;
            });
        }
    }
    any_shared_ = !shared.empty();
    for (const auto& [number, filter] : shared) {
        connections_[number].shared.emplace_back(filter);
    }
}

bool filter_plan::takes(unsigned connection, std::string_view topic,
                        const std::function<bool(unsigned, const std::string&)>& has) const {
    const auto own = connections_.find(connection);
    if (!any_shared_ || own == connections_.end()) {
        return true;
    }
    const auto matches = [&](unsigned number, const planned_connection& c, bool parent_too) {
        return std::any_of(c.shared.begin(), c.shared.end(), [&](const std::string& filter) {
            return mqtt::filter_matches(filter, topic, parent_too) && has(number, filter);
        });
    };
    // By `a/#` alone a message on `a` comes from some servers only.
    const bool surely_ours = matches(connection, own->second, false);
    for (const auto& [number, other] : connections_) {
        if (number == connection) {
            continue;
        }
        const bool before = other.kept != own->second.kept ? other.kept : number < connection;
        if (before ? matches(number, other, !surely_ours)
                   : !surely_ours && matches(number, other, false)) {
            return false;
        }
    }
    return true;
}

void filter_plan::drop_empty() {
    std::erase_if(connections_, [](const auto& c) {
        return c.first != 0 && c.second.filters.empty() && c.second.leaving.empty();
    });
}

void filter_plan::release() {
    for (auto& [number, c] : connections_) {
        for (auto& [filter, waits] : c.leaving) {
            waits = false;
        }
    }
}

void filter_plan::left(unsigned connection, std::string_view filter) {
    const auto c = connections_.find(connection);
    if (c == connections_.end()) {
        return;
    }
    if (const auto at = c->second.leaving.find(filter); at != c->second.leaving.end()) {
        c->second.leaving.erase(at);
        drop_empty();
    }
}

}  // namespace evergrass::edge
