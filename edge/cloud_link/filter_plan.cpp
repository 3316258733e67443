#include "edge/cloud_link/filter_plan.hpp"

#include "edge/router/table.hpp"
#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::edge {
namespace {

// The whole levels before the first wildcard, with their '/'.
std::string_view literal_part(std::string_view filter) {
    const auto wildcard = filter.find_first_of("+#");
    if (wildcard == std::string_view::npos) {
        return filter;
    }
    const auto slash = filter.substr(0, wildcard).rfind('/');
    return slash == std::string_view::npos ? std::string_view() : filter.substr(0, slash + 1);
}

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

// Filters with wildcards, found by what comes before these: two that share topics agree in that as
// far as both have it.
class filter_plan::wildcards {
public:
    void add(std::string_view filter, unsigned connection) {
        if (has_wildcard(filter)) {
            by_literal_.emplace(literal_part(filter), entry{filter, connection});
        }
    }

    struct entry {
        std::string_view filter;
        unsigned connection;
    };

    // Calls found(entry) for each that may share topics with the filter, itself too, until that
    // returns false.
    template <class Found>
    void near(std::string_view filter, const Found& found) const {
        const auto literal = literal_part(filter);
        // `a/#` takes `a` too: what has no wildcard may end before the other's last '/'.
        const auto whole = has_wildcard(filter) ? std::string(literal) : std::string(filter) + "/";
        for (std::size_t end = 0;;) {
            const auto [from, to] = by_literal_.equal_range(whole.substr(0, end));
            for (auto i = from; i != to; ++i) {
                if (!found(i->second)) {
                    return;
                }
            }
            if (end == whole.size()) {
                break;
            }
            const auto slash = whole.find('/', end);
            end = slash == std::string::npos ? whole.size() : slash + 1;
        }
        if (!has_wildcard(filter)) {
            return;
        }
        for (auto i = by_literal_.upper_bound(std::string(literal));
             i != by_literal_.end() && i->first.starts_with(literal); ++i) {
            if (!found(i->second)) {
                return;
            }
        }
    }

private:
    std::multimap<std::string, entry, std::less<>> by_literal_;
};

// Without those that others cover, whose levels these get.
wanted_filters filter_plan::widest(const wanted_filters& all) {
    wildcards index;
    for (const auto& [filter, how] : all) {
        index.add(filter, 0);
    }
    auto out = all;
    for (const auto& wanted : all) {
        const auto& [filter, how] = wanted;
        bool covered = false;
        index.near(filter, [&](const wildcards::entry& other) {
            const auto wide = all.find(other.filter);
            if (wide->first == wanted.first || (wanted.second.kept && !wide->second.kept) ||
                !surely_covers(wide->first, wanted.first)) {
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
    wildcards placed;
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
    wildcards new_wide;
    wildcards old_wide;
    std::set<std::string_view> waiting;
    for (const auto& [filter, how] : fresh) {
        new_wide.add(filter, 0);
    }
    for (const auto& [number, filter] : removed) {
        old_wide.add(filter, 0);
        bool waits = fresh.contains(filter);
        new_wide.near(filter, [&waits, name = std::string_view(filter)](const auto& other) {
            waits = waits || filters_overlap(other.filter, name);
            return !waits;
        });
        if (waits) {
            waiting.insert(filter);
        }
    }
    for (const auto& [filter, how] : fresh) {
        if (!has_wildcard(filter)) {
            old_wide.near(filter, [&waiting, name = std::string_view(filter)](const auto& other) {
                if (filter_covers(other.filter, name)) {
                    waiting.insert(other.filter);
                }
                return true;
            });
        }
    }
    for (const auto& [number, filter] : removed) {
        connections_[number].leaving.insert_or_assign(filter, waiting.contains(filter));
    }
}

bool filter_plan::place(const std::string& filter, const wanted_filter& how, wildcards& placed) {
    std::set<unsigned> taken;  // connections with a filter that shares topics
    placed.near(filter, [&](const wildcards::entry& other) {
        if (filters_overlap(other.filter, filter)) {
            taken.insert(other.connection);
        }
        return true;
    });
    const auto parent = filter.ends_with("/#") ? filter.substr(0, filter.size() - 2) : "";
    const auto fits = [&](unsigned number, const planned_connection& c) {
        const auto waiting = std::count_if(c.leaving.begin(), c.leaving.end(),
                                           [](const auto& one) { return one.second; });
        return c.kept == how.kept && !taken.contains(number) &&
               c.filters.size() + static_cast<std::size_t>(waiting) < most_filters_ &&
               (parent.empty() ||
                std::none_of(c.filters.begin(), c.filters.end(), [&](const auto& other) {
                    return !has_wildcard(other.first) && filter_covers(parent, other.first);
                }));
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
    wildcards index;
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
                                name = std::string_view(filter)](const wildcards::entry& other) {
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
