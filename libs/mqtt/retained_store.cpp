#include "libs/mqtt/retained_store.hpp"

#include "libs/mqtt/topic_levels.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::mqtt {

namespace {

bool is_expired(const stored_message& m, wall_time now) {
    return m.expires_at && *m.expires_at <= now;
}

}  // namespace

struct retained_store::search {
    std::vector<message_ptr> found;
    bool hash_matches_parent;
    wall_time now;

    void take(const node& at) {
        for (const auto& message : at.here) {
            if (!is_expired(*message, now)) {
                found.push_back(message);
            }
        }
    }
};

const stored_message* retained_store::find_same(std::string_view source,
                                                std::string_view topic) const {
    topic_levels levels(topic);
    std::string_view level;
    const auto* at = &root_;
    while (levels.next(level)) {
        const auto child = at->children.find(level);
        if (child == at->children.end()) {
            return nullptr;
        }
        at = child->second.get();
    }
    const auto found = std::find_if(at->here.begin(), at->here.end(), [&](const auto& m) {
        return !by_source_ || m->source == source;
    });
    return found == at->here.end() ? nullptr : found->get();
}

bool retained_store::fits(const stored_message& message, const stored_message* replaced) const {
    const std::size_t freed = replaced == nullptr ? 0 : 1;
    const std::size_t freed_bytes = replaced == nullptr ? 0 : replaced->bytes();
    return count_ - freed < max_messages_ && bytes_ - freed_bytes + message.bytes() <= max_bytes_;
}

retained_store::stored retained_store::put(message_ptr message, wall_time now, const saver& save) {
    const std::lock_guard lock(mutex_);
    const auto replaced = [&] { return find_same(message->source, message->topic); };
    if (!fits(*message, replaced())) {
        drop_expired(now);
        if (!fits(*message, replaced())) {
            return stored::full;
        }
    }
    if (save && !save()) {
        return stored::not_saved;
    }
    remove(message->source, message->topic);
    topic_levels levels(message->topic);
    std::string_view level;
    auto* at = &root_;
    while (levels.next(level)) {
        const auto known = at->children.find(level);
        auto& child =
            known != at->children.end() ? known->second : at->children[std::string(level)];
        if (!child) {
            child = std::make_unique<node>();
        }
        at = child.get();
    }
    ++count_;
    bytes_ += message->bytes();
    if (message->expires_at) {
        expiring_.emplace(*message->expires_at, message);
    }
    at->here.push_back(std::move(message));
    return stored::yes;
}

bool retained_store::clear(std::string_view source, std::string_view topic,
                           const std::function<void()>& save) {
    const std::lock_guard lock(mutex_);
    if (!remove(source, topic)) {
        return false;
    }
    if (save) {
        save();
    }
    return true;
}

std::vector<message_ptr> retained_store::take_all() {
    const std::lock_guard lock(mutex_);
    search all{{}, true, wall_time::min()};
    collect_all(root_, all);
    root_ = node();
    expiring_.clear();
    count_ = 0;
    bytes_ = 0;
    return std::move(all.found);
}

bool retained_store::remove(std::string_view source, std::string_view topic) {
    std::vector<std::pair<node*, std::string_view>> path;
    topic_levels levels(topic);
    std::string_view level;
    auto* at = &root_;
    while (levels.next(level)) {
        const auto child = at->children.find(level);
        if (child == at->children.end()) {
            return false;
        }
        path.emplace_back(at, level);
        at = child->second.get();
    }
    const auto found = std::find_if(at->here.begin(), at->here.end(), [&](const auto& m) {
        return !by_source_ || m->source == source;
    });
    if (found == at->here.end()) {
        return false;
    }
    --count_;
    bytes_ -= (*found)->bytes();
    if ((*found)->expires_at) {
        expiring_.erase({*(*found)->expires_at, *found});
    }
    at->here.erase(found);
    for (; !path.empty() && at->empty(); path.pop_back()) {
        at = path.back().first;
        at->children.erase(at->children.find(path.back().second));
    }
    return true;
}

// A full store is asked for room by each message that comes: what has not expired is not looked at.
void retained_store::drop_expired(wall_time now) {
    while (!expiring_.empty() && expiring_.begin()->first <= now) {
        const auto gone = expiring_.begin()->second;
        remove(gone->source, gone->topic);
    }
}

// Depth is bounded by the server's limit of topic levels.

void retained_store::collect_all(const node& at, search& into) {
    into.take(at);
    for (const auto& [name, child] : at.children) {
        collect_all(*child, into);
    }
}

void retained_store::collect(const node& at, std::string_view filter, bool first, search& into) {
    const auto slash = filter.find('/');
    const auto level = filter.substr(0, slash);
    const auto rest =
        slash == std::string_view::npos ? std::string_view() : filter.substr(slash + 1);
    const auto enter = [&](const node& child) {
        if (slash == std::string_view::npos) {
            into.take(child);
        } else {
            if (rest == "#" && into.hash_matches_parent) {
                into.take(child);
            }
            collect(child, rest, false, into);
        }
    };
    if (level != "+" && level != "#") {
        if (const auto child = at.children.find(level); child != at.children.end()) {
            enter(*child->second);
        }
        return;
    }
    for (const auto& [name, child] : at.children) {
        if (first && name.starts_with('$')) {
            continue;  // [MQTT-4.7.2-1]
        }
        if (level == "#") {
            collect_all(*child, into);
        } else {
            enter(*child);
        }
    }
}

std::vector<message_ptr> retained_store::find(std::string_view filter, bool hash_matches_parent,
                                              wall_time now) const {
    const std::lock_guard lock(mutex_);
    search into{{}, hash_matches_parent, now};
    if (count_ > 0) {
        collect(root_, filter, true, into);
    }
    return std::move(into.found);
}

std::size_t retained_store::size() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

std::size_t retained_store::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

}  // namespace evergrass::mqtt
