#include "edge/router/table.hpp"

#include "edge/router/subject_index.hpp"
#include "libs/base/errors.hpp"
#include "libs/mqtt/types.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <unordered_map>

namespace evergrass::edge {
namespace {

struct endpoint_hash {
    std::size_t operator()(const endpoint& e) const {
        return std::hash<std::string>{}(e.name) ^ (static_cast<std::size_t>(e.kind) << 1U);
    }
};

result<void> check_subject(std::string_view subject) {
    if (auto checked = mqtt::check_topic_filter(subject); !checked) {
        return checked;
    }
    const auto levels = 1 + std::count(subject.begin(), subject.end(), '/');
    if (static_cast<std::size_t>(levels) > max_subject_levels) {
        return error{errc::too_large, "it has " + std::to_string(levels) + " levels; " +
                                          std::to_string(max_subject_levels) + " are possible"};
    }
    return {};
}

error of_subscription(const contract::subscription& s, std::string_view member, error why) {
    return with_context(std::move(why), "subscription '" + s.id + "': its " + std::string(member));
}

}  // namespace

struct routing_table::index {
    // Every target once, in order of appearance: matches are handed out as pointers into it, in
    // that order.
    std::vector<endpoint> endpoints;
    std::unordered_map<endpoint, subject_index, endpoint_hash> by_source;
    std::unordered_map<endpoint, std::vector<std::string>, endpoint_hash> subjects_by_target;
    std::array<std::vector<std::string>, endpoint_kind_count> subjects_by_source_kind;
    std::vector<entry> entries;
};

namespace {

struct parsed_subscription {
    endpoint source;
    endpoint target;
    const std::string* subject;
};

result<parsed_subscription> parse(const contract::subscription& s) {
    auto source = parse_endpoint(s.source);
    if (!source) {
        return of_subscription(s, "source", source.error());
    }
    auto target = parse_endpoint(s.target);
    if (!target) {
        return of_subscription(s, "target", target.error());
    }
    if (auto checked = check_subject(s.subject); !checked) {
        return of_subscription(s, "subject '" + s.subject + "'", checked.error());
    }
    return parsed_subscription{std::move(*source), std::move(*target), &s.subject};
}

}  // namespace

routing_table::routing_table() : index_(std::make_unique<index>()) {}
routing_table::~routing_table() = default;

result<std::shared_ptr<const routing_table>> routing_table::build(
    const std::vector<contract::subscription>& subscriptions) {
    auto table = std::make_shared<routing_table>();
    auto& index = *table->index_;
    std::vector<parsed_subscription> all;
    all.reserve(subscriptions.size());
    std::unordered_map<endpoint, std::size_t, endpoint_hash> position;
    for (const auto& s : subscriptions) {
        auto parsed = parse(s);
        if (!parsed) {
            return parsed.error();
        }
        if (position.try_emplace(parsed->target, index.endpoints.size()).second) {
            index.endpoints.push_back(parsed->target);
        }
        all.push_back(std::move(*parsed));
    }
    // From here on `endpoints` stays as it is: pointers into it are kept.
    std::set<std::tuple<const subject_index*, const endpoint*, std::string_view>> seen;
    std::set<std::pair<endpoint_kind, std::string_view>> seen_of_kind;
    index.entries.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& s = all[i];
        // Elements of an unordered_map stay where they are: pointers to its keys are kept too.
        auto& [source, subjects] = *index.by_source.try_emplace(s.source).first;
        const auto* const target = &index.endpoints[position.at(s.target)];
        index.entries.push_back({subscriptions[i].id, *s.subject, &source, target});
        if (!seen.emplace(&subjects, target, *s.subject).second) {
            continue;
        }
        subjects.add(*s.subject, {target, static_cast<std::uint32_t>(i)});
        index.subjects_by_target[s.target].push_back(*s.subject);
        if (seen_of_kind.emplace(s.source.kind, *s.subject).second) {
            index.subjects_by_source_kind[static_cast<std::size_t>(s.source.kind)].push_back(
                *s.subject);
        }
    }
    return std::shared_ptr<const routing_table>(std::move(table));
}

void routing_table::match(const endpoint& source, std::string_view topic,
                          std::vector<const endpoint*>& targets) const {
    const auto subjects = index_->by_source.find(source);
    if (subjects == index_->by_source.end()) {
        return;
    }
    const auto first = static_cast<std::ptrdiff_t>(targets.size());
    if (subjects->second.match(topic, targets) > 1) {
        std::sort(targets.begin() + first, targets.end());
        targets.erase(std::unique(targets.begin() + first, targets.end()), targets.end());
    }
}

void routing_table::match(const endpoint& source, std::string_view topic,
                          std::vector<way>& ways) const {
    const auto subjects = index_->by_source.find(source);
    if (subjects == index_->by_source.end()) {
        return;
    }
    const auto first = static_cast<std::ptrdiff_t>(ways.size());
    if (subjects->second.match(topic, ways) > 1) {
        std::sort(ways.begin() + first, ways.end(), [](const way& a, const way& b) {
            return std::tie(a.target, a.entry) < std::tie(b.target, b.entry);
        });
    }
}

bool routing_table::may_publish(const endpoint& source, std::string_view topic) const {
    const auto subjects = index_->by_source.find(source);
    return subjects != index_->by_source.end() && subjects->second.matches(topic);
}

bool routing_table::leads_to(const endpoint& source, std::string_view topic,
                             const endpoint& target) const {
    std::vector<const endpoint*> targets;
    match(source, topic, targets);
    return std::any_of(targets.begin(), targets.end(),
                       [&](const endpoint* one) { return *one == target; });
}

bool routing_table::may_receive(const endpoint& target, std::string_view filter) const {
    const auto subjects = index_->subjects_by_target.find(target);
    return subjects != index_->subjects_by_target.end() &&
           std::any_of(subjects->second.begin(), subjects->second.end(),
                       [&](const std::string& s) { return filters_overlap(s, filter); });
}

std::vector<std::string> routing_table::subjects_from(endpoint_kind source) const {
    return index_->subjects_by_source_kind[static_cast<std::size_t>(source)];
}

bool routing_table::has_source(const endpoint& source) const {
    return index_->by_source.contains(source);
}

const std::vector<routing_table::entry>& routing_table::entries() const {
    return index_->entries;
}

std::size_t routing_table::size() const {
    return index_->entries.size();
}

}  // namespace evergrass::edge
