#include "libs/shadow/document.hpp"
#include "libs/shadow/errors.hpp"
#include "libs/shadow/print.hpp"
#include "libs/shadow/stored.hpp"
#include "libs/shadow/test_invariants.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

// Random updates against a model of another make: a section is a map from paths to what stands
// there.
namespace evergrass::shadow {
namespace {

using path = std::vector<std::string>;
// Every object and every leaf of a section; the text of a leaf, "" for an object.
using flat_section = std::map<path, std::pair<std::string, std::int64_t>>;

class random_updates {
public:
    explicit random_updates(unsigned seed) : chance_(seed) {}

    std::string next() {
        if (below(60) == 0) {
            return R"({"state":null})";
        }
        std::string sections;
        for (const auto* name : {"desired", "reported"}) {
            if (below(3) != 0) {
                sections += (sections.empty() ? "\"" : ",\"") + std::string(name) +
                            "\":" + (below(25) == 0 ? "null" : object(1));
            }
        }
        return R"({"state":{)" + sections + "}}";
    }

    unsigned below(unsigned limit) { return static_cast<unsigned>(chance_() % limit); }

private:
    std::string object(unsigned depth) {
        std::string text;
        std::set<std::string> used;
        for (auto members = below(4); members > 0; --members) {
            const std::string name(1, static_cast<char>('a' + below(4)));
            if (used.insert(name).second) {
                text += (text.empty() ? "\"" : ",\"") + name + "\":" + value(depth);
            }
        }
        return "{" + text + "}";
    }

    std::string value(unsigned depth) {
        static const char* const leaves[] = {"1",     "2",  "1.5",          "true",
                                             "\"x\"", "[]", "[1,{\"a\":2}]"};
        const auto kind = below(10);
        if (kind < 3) {
            return "null";
        }
        // An array of objects takes two levels.
        const auto deepest_array = depth + 2 > max_depth ? 5U : 7U;
        return kind < 6 && depth < max_depth ? object(depth + 1) : leaves[below(deepest_array)];
    }

    std::mt19937 chance_;
};

void forget(flat_section& in, const path& at) {
    for (auto each = in.begin(); each != in.end();) {
        const bool inside = each->first.size() >= at.size() &&
                            std::equal(at.begin(), at.end(), each->first.begin());
        each = inside ? in.erase(each) : std::next(each);
    }
}

void update_model(flat_section& in, const path& at, const json::object& change, std::int64_t now) {
    for (const auto& member : change) {
        auto here = at;
        here.emplace_back(member.key());
        if (const auto* object = member.value().if_object()) {
            const auto known = in.find(here);
            if (known == in.end() || !known->second.first.empty()) {
                forget(in, here);
                in[here] = {"", 0};
            }
            update_model(in, here, *object, now);
        } else {
            forget(in, here);
            if (!member.value().is_null()) {
                in[here] = {print(member.value()), now};
            }
        }
    }
}

void flatten(const json::object& state, const json::object& metadata, const path& at,
             flat_section& into) {
    for (const auto& member : state) {
        auto here = at;
        here.emplace_back(member.key());
        const auto& written = metadata.at(member.key());
        if (const auto* object = member.value().if_object()) {
            into[here] = {"", 0};
            flatten(*object, written.as_object(), here, into);
        } else {
            // An array's elements carry the time, if it has any.
            const auto* leaf = written.if_object();
            const auto& first = leaf != nullptr ? *leaf : json::object();
            const auto now = leaf != nullptr ? *int_member(first, "timestamp")
                             : written.as_array().empty()
                                 ? -1
                                 : *int_member(written.as_array().front().as_object(), "timestamp");
            into[here] = {print(member.value()), now};
        }
    }
}

flat_section section_of(const document& of, std::string_view name) {
    flat_section flat;
    if (const auto* section = object_member(of.state, name)) {
        flatten(*section, *object_member(of.metadata, name), {}, flat);
    }
    return flat;
}

// Arrays that are empty have no metadata to compare.
flat_section comparable(flat_section of) {
    for (auto& [where, what] : of) {
        if (what.first == "[]") {
            what.second = -1;
        }
    }
    return of;
}

// The leaves and empty objects that a device has to change, by the two flat sections alone.
std::set<path> wanted_changes(const flat_section& desired, const flat_section& reported) {
    std::set<path> changes;
    for (const auto& [where, what] : desired) {
        const auto other = reported.find(where);
        const bool same = other != reported.end() && other->second.first == what.first;
        if (!same) {
            changes.insert(where);
        }
    }
    return changes;
}

std::set<path> paths_of(const json::object& state, const path& at = {}) {
    std::set<path> all;
    for (const auto& member : state) {
        auto here = at;
        here.emplace_back(member.key());
        all.insert(here);
        if (const auto* object = member.value().if_object()) {
            all.merge(paths_of(*object, here));
        }
    }
    return all;
}

// `of` and all that is around them.
std::set<path> with_prefixes(const std::set<path>& of) {
    std::set<path> all;
    for (auto each : of) {
        for (; !each.empty(); each.pop_back()) {
            all.insert(each);
        }
    }
    return all;
}

void run_history(unsigned seed) {
    random_updates updates(seed);
    document real;
    std::map<std::string, flat_section> model;
    std::int64_t now = 1;
    for (int step = 0; step < 60; ++step, ++now) {
        if (real.exists && updates.below(40) == 0) {
            const auto version = real.version;
            real = remove(real, {"T", ""}).value();
            model.clear();
            ASSERT_EQ(real.version, version);
            ASSERT_EQ(broken_invariant(real, now), std::nullopt);
            continue;
        }
        const auto payload = updates.next();
        std::optional<std::string> token;
        const auto update = parse_update(payload, token);
        ASSERT_TRUE(update) << payload;
        const auto after = apply(real, *update, now);
        ASSERT_TRUE(after) << payload;
        ASSERT_EQ(after->version, real.version + 1);
        real = *after;
        ASSERT_EQ(broken_invariant(real, now), std::nullopt) << payload;
        for (const std::string name : {"desired", "reported"}) {
            const auto* change = update->state.if_object();
            const auto* section = change != nullptr ? change->if_contains(name) : nullptr;
            if (change == nullptr || (section != nullptr && section->is_null())) {
                model[name].clear();
            } else if (section != nullptr) {
                update_model(model[name], {}, section->get_object(), now);
            }
            ASSERT_EQ(comparable(section_of(real, name)), comparable(model[name])) << payload;
        }
        ASSERT_EQ(paths_of(delta_of(real).state),
                  with_prefixes(wanted_changes(model["desired"], model["reported"])))
            << print(real.state);
        const auto again = from_stored_text(to_stored_text(real), real.version);
        ASSERT_TRUE(again);
        ASSERT_EQ(again->state, real.state);
        ASSERT_EQ(again->metadata, real.metadata);
        const auto twice = apply(real, *update, now);
        ASSERT_TRUE(twice);
        ASSERT_EQ(twice->state, real.state) << payload;
        ASSERT_EQ(twice->metadata, real.metadata) << payload;
    }
}

TEST(shadow_histories, hold_to_a_model) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        run_history(seed);
        if (HasFatalFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace evergrass::shadow
