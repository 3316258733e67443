#include "apps/evergrass/check_rules.hpp"

#include "apps/evergrass/check_loops.hpp"
#include "edge/router/end_name.hpp"
#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace evergrass::cli {
namespace {

using edge::endpoint_kind;
using level = finding::level;

constexpr std::string_view shadow_subjects = "$aws/things/+/shadow/#";
constexpr std::size_t max_topic_bytes = 256;  // spec/core.md §26

std::string shown(const route& r) {
    return end_name(r.source) + " --[" + r.subject + "]--> " + end_name(r.target);
}

void check_end(const edge::group_file& group, const route& r, const edge::endpoint& end,
               std::string_view role, std::vector<finding>& out) {
    if (group.has(end) == false) {
        out.push_back({level::error,
                       "dead",
                       {r.id},
                       "its " + std::string(role) + " " + end_name(end) +
                           " is not in the group, so no message takes this way: add it to the "
                           "group, or remove the subscription"});
    }
}

// The shortest topic that a subject matches.
std::size_t shortest_topic(std::string_view subject) {
    std::size_t bytes = 0;
    for (const char c : subject) {
        bytes += c == '+' || c == '#' ? 0 : 1;
    }
    return bytes;
}

void check_subject(const route& r, std::vector<finding>& out) {
    const auto dead = [&](std::string why) {
        out.push_back({level::error, "dead", {r.id}, std::move(why)});
    };
    if (r.source.kind == endpoint_kind::shadow_service &&
        !edge::filters_overlap(r.subject, shadow_subjects)) {
        dead("the shadow service publishes to " + std::string(shadow_subjects) +
             " only, never to its subject " + r.subject);
    }
    if (r.target.kind == endpoint_kind::shadow_service &&
        !edge::filters_overlap(r.subject, shadow_subjects)) {
        dead("the shadow service listens to " + std::string(shadow_subjects) +
             " only, not to its subject " + r.subject);
    }
    if (shortest_topic(r.subject) > max_topic_bytes) {
        dead("no topic may be longer than " + std::to_string(max_topic_bytes) +
             " bytes, and its subject needs longer ones");
    }
}

bool covers_everything(std::string_view subject) {
    mqtt::topic_levels levels(subject);
    std::string_view one;
    while (levels.next(one)) {
        if (one == "#") {
            return true;
        }
        if (one != "+") {
            return false;
        }
    }
    return false;
}

void check_breadth(const route& r, std::vector<finding>& out) {
    if (!covers_everything(r.subject)) {
        return;
    }
    std::string why = "its subject " + r.subject + " lets every topic through: ";
    if (r.target.kind == endpoint_kind::cloud) {
        why += "all that " + end_name(r.source) +
               " publishes goes to the cloud, is queued while the link is down and is paid for "
               "there";
    } else if (r.source.kind == endpoint_kind::cloud) {
        why += "the core subscribes to all that is published in the account, and hands it to " +
               end_name(r.target);
    } else {
        why += "whatever " + end_name(r.source) + " publishes reaches " + end_name(r.target);
    }
    out.push_back({level::warning, "over_broad", {r.id}, why + "; name the topics that are meant"});
}

// Those of one source and target, which may do each other's work.
void check_covered(const std::vector<const route*>& same_ends, std::vector<finding>& out) {
    std::map<std::string_view, const route*> first_of_subject;
    for (const auto* r : same_ends) {
        const auto [first, fresh] = first_of_subject.emplace(r->subject, r);
        if (!fresh) {
            out.push_back({level::warning,
                           "duplicate",
                           {r->id, first->second->id},
                           "it says the same as '" + first->second->id + "': " + shown(*r)});
            continue;
        }
        // Only subjects with wildcards can cover others; they are few.
        for (const auto* other : same_ends) {
            const bool wider = other->subject != r->subject &&
                               other->subject.find_first_of("+#") != std::string::npos &&
                               edge::filter_covers(other->subject, r->subject);
            if (wider) {
                out.push_back({level::warning,
                               "shadowed",
                               {r->id, other->id},
                               "all that it lets through goes by '" + other->id + "' (subject " +
                                   other->subject + ") too: remove one of them"});
                break;
            }
        }
    }
}

std::vector<route> parse_all(const edge::group_file& group, std::vector<finding>& out) {
    std::vector<route> routes;
    std::set<std::string_view> ids;
    for (const auto& s : group.subscriptions) {
        if (!ids.insert(s.id).second) {
            out.push_back({level::error,
                           "invalid",
                           {s.id},
                           "another subscription has the same Id: give it one of its own"});
        }
        if (const auto built = edge::routing_table::build({s}); !built) {
            out.push_back({level::error, "invalid", {s.id}, built.error().message()});
            continue;
        }
        routes.push_back(
            {s.id, *edge::parse_endpoint(s.source), s.subject, *edge::parse_endpoint(s.target)});
    }
    return routes;
}

}  // namespace

std::vector<finding> check_group(const edge::group_file& group) {
    std::vector<finding> out;
    const auto routes = parse_all(group, out);
    std::map<std::pair<std::string, std::string>, std::vector<const route*>> by_ends;
    for (const auto& r : routes) {
        check_end(group, r, r.source, "source", out);
        check_end(group, r, r.target, "target", out);
        check_subject(r, out);
        check_breadth(r, out);
        by_ends[{end_name(r.source), end_name(r.target)}].push_back(&r);
    }
    for (const auto& [ends, same] : by_ends) {
        check_covered(same, out);
    }
    for (auto& loop : find_loops(routes)) {
        out.push_back(std::move(loop));
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const finding& a, const finding& b) { return a.severity < b.severity; });
    return out;
}

}  // namespace evergrass::cli
