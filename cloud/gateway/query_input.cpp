#include "cloud/gateway/protocol.hpp"
#include "libs/base/encoding.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>

namespace evergrass::cloud {
namespace {

// Deeper than any shape, and a bound for what a request can ask to be built.
constexpr std::size_t most_levels = 12;
constexpr std::size_t most_parameters = 4000;

// The form's names taken apart at their dots: a.b.1 is a branch b of a.
struct branch {
    std::optional<std::string> text;
    std::map<std::string, std::unique_ptr<branch>, std::less<>> below;
};

void put(branch& root, std::string_view name, std::string value) {
    auto* at = &root;
    for (std::size_t level = 0; level < most_levels; ++level) {
        const auto dot = name.find('.');
        auto& next = at->below[std::string(name.substr(0, dot))];
        if (!next) {
            next = std::make_unique<branch>();
        }
        at = next.get();
        if (dot == std::string_view::npos) {
            at->text = std::move(value);
            return;
        }
        name.remove_prefix(dot + 1);
    }
}

// Reads by the model what validation can then take for JSON.
class form_reader {
public:
    form_reader(const service_model& model, validator& check) : model_(model), check_(check) {}

    json::object members(const shape& wanted, const branch& from, const std::string& path) {
        json::object into;
        for (const auto& m : wanted.members) {
            const auto found = from.below.find(m.wire_name);
            if (found != from.below.end()) {
                if (auto read = value(model_.at(m.shape), *found->second, path + m_name(m))) {
                    into[m.wire_name] = std::move(*read);
                }
            }
        }
        return into;
    }

private:
    static std::string m_name(const member& m) { return std::string(m.name); }

    std::optional<json::value> value(const shape& wanted, const branch& from,
                                     const std::string& path) {
        switch (wanted.type) {
            case shape_type::structure:
                return members(wanted, from, path + ".");
            case shape_type::list:
                return list(wanted, from, path);
            case shape_type::map:
                return map(wanted, from, path);
            default:
                return from.text ? leaf(wanted, *from.text, path) : std::nullopt;
        }
    }

    // Elements in the order of their numbers, whichever those are.
    static std::vector<std::pair<long, const branch*>> numbered(const branch& from) {
        std::map<long, const branch*> sorted;
        for (const auto& [name, each] : from.below) {
            long number = 0;
            const auto* end = name.data() + name.size();
            const auto [stop, wrong] = std::from_chars(name.data(), end, number);
            if (wrong == std::errc() && stop == end) {
                sorted[number] = each.get();
            }
        }
        return {sorted.begin(), sorted.end()};
    }

    std::optional<json::value> list(const shape& wanted, const branch& from,
                                    const std::string& path) {
        json::array elements;
        const auto inner = from.below.find("member");
        const auto& holder = inner == from.below.end() ? from : *inner->second;
        for (const auto& [number, each] : numbered(holder)) {
            const auto place = path + "." + std::to_string(number) + ".member";
            if (auto read = value(model_.at(wanted.element), *each, place)) {
                elements.push_back(std::move(*read));
            }
        }
        return json::value(std::move(elements));
    }

    std::optional<json::value> map(const shape& wanted, const branch& from,
                                   const std::string& path) {
        json::object entries;
        const auto inner = from.below.find("entry");
        if (inner == from.below.end()) {
            return json::value(std::move(entries));
        }
        for (const auto& [number, each] : numbered(*inner->second)) {
            const auto key = each->below.find("key");
            const auto held = each->below.find("value");
            if (key == each->below.end() || held == each->below.end() || !key->second->text) {
                continue;
            }
            const auto place = path + "." + *key->second->text;
            if (auto read = value(model_.at(wanted.element), *held->second, place)) {
                entries[*key->second->text] = std::move(*read);
            }
        }
        return json::value(std::move(entries));
    }

    std::optional<json::value> leaf(const shape& wanted, const std::string& text,
                                    const std::string& path) {
        if (!is_utf8(text)) {
            check_.note({violation_kind::unreadable, path, "", "it is not UTF-8", {}});
            return std::nullopt;
        }
        if (wanted.type == shape_type::string || wanted.type == shape_type::blob) {
            return json::value(text);  // checked with its structure
        }
        return check_.from_text(wanted, text, path);
    }

    const service_model& model_;
    validator& check_;
};

}  // namespace

std::vector<violation> read_query_input(const service_model& model,
                                        const modelled_operation& operation,
                                        const http::request& asked, call_input& into) {
    if (!operation.input) {
        return {};
    }
    validator check(model);
    auto body = asked.body;
    std::replace(body.begin(), body.end(), '+', ' ');  // as forms spell a blank
    auto parameters = http::parse_query(body);
    if (parameters.size() > most_parameters) {
        check.note({violation_kind::unreadable, "", "", "it has more than 4000 parameters", {}});
        return check.violations();
    }
    branch root;
    for (auto& [name, value] : parameters) {
        put(root, name, std::move(value));
    }
    const auto& input = model.at(*operation.input);
    auto members = form_reader(model, check).members(input, root, "");
    if (check.violations().empty()) {
        check.members_from_json(input, std::move(members), "", into.members);
        check.require_members(input, into.members, "");
    }
    return check.violations();
}

}  // namespace evergrass::cloud
