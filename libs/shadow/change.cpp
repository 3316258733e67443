#include "libs/shadow/change.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace evergrass::shadow {
namespace {

constexpr std::array<std::string_view, 2> sections = {"desired", "reported"};
const json::object nothing;

bool same_array(const json::array& a, const json::array& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) {
            return false;
        }
    }
    return true;
}

// Null: there is no such member.
bool same_member(const json::value* a, const json::value* b) {
    return a == nullptr || b == nullptr ? a == b : same(*a, *b);
}

const json::object* object_of(const json::value* value) {
    return value != nullptr ? value->if_object() : nullptr;
}

const json::object& section_of(const json::object& state, std::string_view name) {
    const auto* section = object_member(state, name);
    return section != nullptr ? *section : nothing;
}

json::object change_of_members(const json::object& from, const json::object& to) {
    json::object change;
    for (const auto& member : to) {
        const auto* before = from.if_contains(member.key());
        const auto* inner = member.value().if_object();
        if (inner != nullptr && before != nullptr && before->is_object()) {
            auto below = change_of_members(before->get_object(), *inner);
            if (!below.empty()) {
                change[member.key()] = std::move(below);
            }
        } else if (before == nullptr || !same(*before, member.value())) {
            change[member.key()] = member.value();
        }
    }
    for (const auto& member : from) {
        if (!to.contains(member.key())) {
            change[member.key()] = nullptr;
        }
    }
    return change;
}

void change_members(json::object& into, const json::object& change) {
    for (const auto& member : change) {
        if (member.value().is_null()) {
            if (const auto at = into.find(member.key()); at != into.end()) {
                into.stable_erase(at);
            }
        } else if (const auto* object = member.value().if_object()) {
            auto& place = into[member.key()];
            if (!place.is_object()) {
                place = json::object();
            }
            change_members(place.get_object(), *object);
        } else {
            into[member.key()] = member.value();
        }
    }
}

}  // namespace

bool same(const json::object& a, const json::object& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (const auto& member : a) {
        const auto* other = b.if_contains(member.key());
        if (other == nullptr || !same(member.value(), *other)) {
            return false;
        }
    }
    return true;
}

bool same(const json::value& a, const json::value& b) {
    if (a.is_object() && b.is_object()) {
        return same(a.get_object(), b.get_object());
    }
    if (a.is_array() && b.is_array()) {
        return same_array(a.get_array(), b.get_array());
    }
    if (a.is_number() && b.is_number() && a.is_double() != b.is_double()) {
        return a.to_number<double>() == b.to_number<double>();
    }
    return a == b;
}

json::object change_between(const json::object& from, const json::object& to) {
    json::object change;
    for (const auto name : sections) {
        auto below = change_of_members(section_of(from, name), section_of(to, name));
        if (!below.empty()) {
            change[name] = std::move(below);
        }
    }
    return change;
}

json::object with_change(json::object state, const json::object& change) {
    for (const auto name : sections) {
        const auto* asked = change.if_contains(name);
        if (asked != nullptr && asked->is_object()) {
            auto& section = state[name];
            if (!section.is_object()) {
                section = json::object();
            }
            change_members(section.get_object(), asked->get_object());
        }
        const auto at = state.find(name);
        if (at != state.end() &&
            ((asked != nullptr && asked->is_null()) || at->value().get_object().empty())) {
            state.stable_erase(at);
        }
    }
    return state;
}

json::object merge_changes(const json::object& base, const json::object& local,
                           const json::object& remote, winner of_both) {
    json::object merged;
    const auto take = [&](json::string_view name) {
        const auto* b = base.if_contains(name);
        const auto* l = local.if_contains(name);
        const auto* r = remote.if_contains(name);
        if (same_member(l, r) || same_member(b, r)) {
            if (l != nullptr) {
                merged[name] = *l;
            }
            return;
        }
        if (!same_member(b, l)) {
            const auto* inner_l = object_of(l);
            const auto* inner_r = object_of(r);
            if (inner_l != nullptr && inner_r != nullptr) {
                const auto* inner_b = object_of(b);
                merged[name] = merge_changes(inner_b != nullptr ? *inner_b : nothing, *inner_l,
                                             *inner_r, of_both);
                return;
            }
            if (of_both == winner::local) {
                r = l;
            }
        }
        if (r != nullptr) {
            merged[name] = *r;
        }
    };
    for (const auto& member : local) {
        take(member.key());
    }
    for (const auto& member : remote) {
        if (!local.contains(member.key())) {
            take(member.key());
        }
    }
    return merged;
}

json::object arrived(const json::object& base, const json::object& candidate,
                     const json::object& remote) {
    json::object known;
    const auto take = [&](json::string_view name) {
        const auto* b = base.if_contains(name);
        const auto* c = candidate.if_contains(name);
        const auto* r = remote.if_contains(name);
        if (same_member(c, r)) {
            if (r != nullptr) {
                known[name] = *r;
            }
            return;
        }
        const auto* inner_c = object_of(c);
        const auto* inner_r = object_of(r);
        if (inner_c != nullptr && inner_r != nullptr) {
            const auto* inner_b = object_of(b);
            known[name] = arrived(inner_b != nullptr ? *inner_b : nothing, *inner_c, *inner_r);
        } else if (b != nullptr) {
            known[name] = *b;
        }
    };
    for (const auto& member : base) {
        take(member.key());
    }
    for (const auto& member : candidate) {
        if (!base.contains(member.key())) {
            take(member.key());
        }
    }
    return known;
}

}  // namespace evergrass::shadow
