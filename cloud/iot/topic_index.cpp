#include "cloud/iot/topic_index.hpp"

#include <algorithm>
#include <optional>

namespace evergrass::cloud {
namespace {

// "a/b/c" -> "a" and "b/c"; no value for the rest when this was the last level.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view topic) {
    const auto slash = topic.find('/');
    if (slash == std::string_view::npos) {
        return {topic, std::nullopt};
    }
    return {topic.substr(0, slash), topic.substr(slash + 1)};
}

}  // namespace

struct topic_index::node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> children;
    std::map<subscriber, mqtt::qos> subscribers;

    const node* child(std::string_view level) const {
        const auto found = children.find(level);
        return found == children.end() ? nullptr : found->second.get();
    }
    bool empty() const { return children.empty() && subscribers.empty(); }
};

topic_index::topic_index() : root_(std::make_unique<node>()) {}
topic_index::~topic_index() = default;

void topic_index::add(std::string_view filter, subscriber who, mqtt::qos level) {
    node* at = root_.get();
    std::optional<std::string_view> rest = filter;
    while (rest) {
        const auto [head, tail] = split(*rest);
        auto& next = at->children[std::string(head)];
        if (!next) {
            next = std::make_unique<node>();
        }
        at = next.get();
        rest = tail;
    }
    at->subscribers.insert_or_assign(who, level);
}

void topic_index::remove(std::string_view filter, subscriber who) {
    std::vector<std::pair<node*, std::string_view>> path;
    node* at = root_.get();
    std::optional<std::string_view> rest = filter;
    while (rest) {
        const auto [head, tail] = split(*rest);
        const auto found = at->children.find(head);
        if (found == at->children.end()) {
            return;
        }
        path.emplace_back(at, head);
        at = found->second.get();
        rest = tail;
    }
    at->subscribers.erase(who);
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
        const auto child = step->first->children.find(step->second);
        if (!child->second->empty()) {
            break;
        }
        step->first->children.erase(child);
    }
}

// The depth of the recursion is the number of the topic's levels, which the MQTT server bounds.
void topic_index::collect(const node& at, std::string_view rest, bool first,
                          std::vector<match>& found) {
    const auto take = [&](const node& matched) {
        for (const auto& [who, level] : matched.subscribers) {
            found.push_back({who, level});
        }
    };
    const auto [head, tail] = split(rest);
    // [MQTT-4.7.2-1]: a leading wildcard does not match a name that begins with '$'.
    const bool wildcards = !(first && head.starts_with('$'));
    if (const auto* all = wildcards ? at.child("#") : nullptr) {
        take(*all);
    }
    const node* next[] = {at.child(head), wildcards ? at.child("+") : nullptr};
    for (const auto* each : next) {
        if (each == nullptr) {
            continue;
        }
        if (tail) {
            collect(*each, *tail, false, found);
        } else {
            take(*each);
        }
    }
}

std::vector<topic_index::match> topic_index::find(std::string_view topic) const {
    std::vector<match> found;
    collect(*root_, topic, true, found);
    // The higher level first, so that it is the one that stays.
    std::sort(found.begin(), found.end(), [](const match& a, const match& b) {
        return std::pair(a.who, b.level) < std::pair(b.who, a.level);
    });
    const auto end = std::unique(found.begin(), found.end(),
                                 [](const match& a, const match& b) { return a.who == b.who; });
    found.erase(end, found.end());
    return found;
}

}  // namespace evergrass::cloud
