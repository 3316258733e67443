#include "apps/evergrass/check_loops.hpp"

#include "edge/router/end_name.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>

namespace evergrass::cli {
namespace {

using edge::endpoint_kind;
using index = std::size_t;
constexpr index none = std::numeric_limits<index>::max();

// Subscriptions as nodes; an edge where a message of one can go on by another: it arrives where the
// other starts, and some topic fits both.
class loop_finder {
public:
    explicit loop_finder(const std::vector<route>& routes) : routes_(routes) {
        std::map<std::string, std::vector<index>> starting;
        for (index i = 0; i < routes.size(); ++i) {
            starting[end_name(routes[i].source)].push_back(i);
        }
        next_.resize(routes.size());
        for (index i = 0; i < routes.size(); ++i) {
            if (routes[i].target.kind == endpoint_kind::shadow_service) {
                continue;  // it answers on other topics than it is asked
            }
            for (const auto j : starting[end_name(routes[i].target)]) {
                if (edge::filters_overlap(routes[i].subject, routes[j].subject)) {
                    next_[i].push_back(j);
                }
            }
        }
    }

    std::vector<finding> run() {
        mark_components();
        std::map<index, std::vector<index>> members;
        for (index i = 0; i < routes_.size(); ++i) {
            members[component_[i]].push_back(i);
        }
        std::vector<finding> out;
        for (const auto& [number, nodes] : members) {
            if (auto circle = shortest_circle(nodes); !circle.empty() && something_acts(circle)) {
                out.push_back(describe_circle(circle));
            }
        }
        return out;
    }

private:
    // Tarjan's strongly connected components, with a stack of its own: groups have 10,000
    // subscriptions.
    void mark_components() {
        const auto count = routes_.size();
        component_.assign(count, none);
        std::vector<index> order(count, none);
        std::vector<index> low(count, 0);
        std::vector<index> open;
        struct frame {
            index node;
            std::size_t edge;
        };
        std::vector<frame> frames;
        index clock = 0;
        const auto enter = [&](index node) {
            order[node] = low[node] = clock++;
            open.push_back(node);
            frames.push_back({node, 0});
        };
        for (index root = 0; root < count; ++root) {
            if (order[root] != none) {
                continue;
            }
            enter(root);
            while (!frames.empty()) {
                const auto node = frames.back().node;
                if (frames.back().edge < next_[node].size()) {
                    const auto to = next_[node][frames.back().edge++];
                    if (order[to] == none) {
                        enter(to);
                    } else if (component_[to] == none) {
                        low[node] = std::min(low[node], order[to]);
                    }
                    continue;
                }
                frames.pop_back();
                if (!frames.empty()) {
                    auto& above = low[frames.back().node];
                    above = std::min(above, low[node]);
                }
                if (low[node] == order[node]) {
                    index member = none;
                    do {
                        member = open.back();
                        open.pop_back();
                        component_[member] = node;
                    } while (member != node);
                }
            }
        }
    }

    // Breadth first from the first few nodes of the component; one of them is on a short circle in
    // groups that people write.
    std::vector<index> shortest_circle(const std::vector<index>& nodes) const {
        constexpr std::size_t most_starts = 64;
        std::vector<index> best;
        for (std::size_t n = 0; n < std::min(nodes.size(), most_starts); ++n) {
            auto circle = circle_from(nodes[n]);
            if (!circle.empty() && (best.empty() || circle.size() < best.size())) {
                best = std::move(circle);
            }
        }
        return best;
    }

    std::vector<index> circle_from(index start) const {
        std::map<index, index> came_from;
        std::deque<index> open{start};
        while (!open.empty()) {
            const auto node = open.front();
            open.pop_front();
            for (const auto to : next_[node]) {
                if (to == start) {
                    std::vector<index> circle{node};
                    while (circle.back() != start) {
                        circle.push_back(came_from.at(circle.back()));
                    }
                    std::reverse(circle.begin(), circle.end());
                    return circle;
                }
                if (component_[to] == component_[start] && came_from.emplace(to, node).second) {
                    open.push_back(to);
                }
            }
        }
        return {};
    }

    // Devices do not forward what they receive.
    bool something_acts(const std::vector<index>& circle) const {
        return std::any_of(circle.begin(), circle.end(), [&](index i) {
            return routes_[i].source.kind != endpoint_kind::device;
        });
    }

    finding describe_circle(const std::vector<index>& circle) const {
        finding out;
        out.rule = "loop";
        bool by_itself = true;
        std::string way = end_name(routes_[circle.front()].source);
        for (const auto i : circle) {
            const auto& r = routes_[i];
            out.subscriptions.push_back(r.id);
            way += " --[" + r.subject + "]--> " + end_name(r.target);
            by_itself = by_itself && r.source.kind == endpoint_kind::cloud;
        }
        out.severity = by_itself ? finding::level::error : finding::level::warning;
        out.sentence =
            "a message can come back to where it started: " + way +
            (by_itself ? "; it goes round for ever: remove one of the subscriptions"
                       : "; use another topic for the way back, unless what receives it never "
                         "publishes again on the topic that it got");
        return out;
    }

    const std::vector<route>& routes_;
    std::vector<std::vector<index>> next_;
    std::vector<index> component_;
};

}  // namespace

std::vector<finding> find_loops(const std::vector<route>& routes) {
    return loop_finder(routes).run();
}

}  // namespace evergrass::cli
