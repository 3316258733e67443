#include "cloud/gateway/model.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace evergrass::cloud {

// Reads the JSON once into the tables of a service_model. The models are ours: a flaw is an error
// that names the place, never a guess.
class model_reader {
public:
    result<std::unique_ptr<service_model>> read(const json::object& document) {
        model_.reset(new service_model);
        const auto* operations = object_member(document, "operations");
        const auto* shapes = object_member(document, "shapes");
        if (operations == nullptr || shapes == nullptr ||
            shapes->size() > std::numeric_limits<shape_id>::max()) {
            return flaw("operations or shapes");
        }
        for (const auto& entry : *shapes) {
            ids_.emplace(entry.key(), static_cast<shape_id>(ids_.size()));
        }
        // Sized at once: shapes point at their members and payloads.
        model_->shapes_.resize(shapes->size());
        model_->members_.resize(shapes->size());
        model_->choices_.resize(shapes->size());
        for (const auto& entry : *shapes) {
            if (!entry.value().is_object() ||
                !read_shape(entry.key(), entry.value().get_object())) {
                return flaw("shape " + std::string(entry.key()));
            }
        }
        for (const auto& entry : *operations) {
            if (!entry.value().is_object() ||
                !read_operation(entry.key(), entry.value().get_object())) {
                return flaw("operation " + std::string(entry.key()));
            }
        }
        std::sort(model_->operations_.begin(), model_->operations_.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        return std::move(model_);
    }

private:
    static error flaw(const std::string& where) {
        return {errc::invalid_input, "service model: cannot read " + where};
    }

    std::string_view keep(std::string_view text) { return *model_->texts_.emplace(text).first; }

    std::string_view kept_text(const json::object& from, std::string_view name) {
        const auto text = string_member(from, name);
        return text ? keep(*text) : std::string_view();
    }

    std::optional<shape_id> id_of(const json::object& from, std::string_view name) const {
        const auto text = string_member(from, name);
        const auto found = text ? ids_.find(*text) : ids_.end();
        return found == ids_.end() ? std::nullopt : std::optional(found->second);
    }

    static std::optional<shape_type> type_of(const json::object& from) {
        constexpr std::array<std::pair<std::string_view, shape_type>, 11> types = {{
            {"structure", shape_type::structure},
            {"list", shape_type::list},
            {"map", shape_type::map},
            {"string", shape_type::string},
            {"boolean", shape_type::boolean},
            {"integer", shape_type::integer},
            {"long", shape_type::long_integer},
            {"double", shape_type::real},
            {"float", shape_type::real},
            {"timestamp", shape_type::timestamp},
            {"blob", shape_type::blob},
        }};
        const auto text = string_member(from, "type");
        for (const auto& [name, type] : types) {
            if (text == name) {
                return type;
            }
        }
        return std::nullopt;
    }

    static std::optional<place> place_of(const json::object& from) {
        const auto text = string_member(from, "location").value_or("");
        constexpr std::array<std::pair<std::string_view, place>, 5> places = {{
            {"", place::body},
            {"uri", place::uri},
            {"querystring", place::query},
            {"header", place::header},
            {"statusCode", place::status},
        }};
        for (const auto& [name, where] : places) {
            if (text == name) {
                return where;
            }
        }
        return std::nullopt;
    }

    bool read_shape(std::string_view name, const json::object& from) {
        const auto id = ids_.find(name)->second;
        auto& into = model_->shapes_[id];
        const auto type = type_of(from);
        if (!type) {
            return false;
        }
        into.name = keep(name);
        into.type = *type;
        into.least = int_member(from, "min");
        into.most = int_member(from, "max");
        into.expression = kept_text(from, "pattern");
        if (const auto* choices = array_member(from, "enum")) {
            for (const auto& choice : *choices) {
                model_->choices_[id].push_back(keep(choice.as_string()));
            }
            into.choices = model_->choices_[id];
        }
        if (*type == shape_type::list || *type == shape_type::map) {
            const auto element = id_of(from, *type == shape_type::list ? "member" : "value");
            const auto key = *type == shape_type::list ? element : id_of(from, "key");
            into.element = element.value_or(0);
            into.key = key.value_or(0);
            return element && key;
        }
        return *type != shape_type::structure || read_members(id, from);
    }

    bool read_members(shape_id id, const json::object& from) {
        const auto* members = object_member(from, "members");
        const auto* required = array_member(from, "required");
        if (members == nullptr) {
            return false;
        }
        auto& table = model_->members_[id];
        for (const auto& entry : *members) {
            const auto* described = entry.value().if_object();
            const auto shape = described != nullptr ? id_of(*described, "shape") : std::nullopt;
            const auto where = described != nullptr ? place_of(*described) : std::nullopt;
            if (!shape || !where) {
                return false;
            }
            const auto name = keep(entry.key());
            const auto wire_name = kept_text(*described, "locationName");
            table.push_back({name, wire_name.empty() ? name : wire_name, *shape, *where,
                             required != nullptr && contains(*required, name),
                             bool_member(*described, "jsonvalue").value_or(false)});
        }
        auto& into = model_->shapes_[id];
        into.members = table;
        if (const auto payload = string_member(from, "payload")) {
            for (const auto& candidate : table) {
                if (candidate.name == *payload) {
                    into.payload = &candidate;
                }
            }
            return into.payload != nullptr;
        }
        return true;
    }

    static bool contains(const json::array& list, std::string_view text) {
        return std::any_of(list.begin(), list.end(), [&](const json::value& entry) {
            return entry.is_string() && entry.get_string() == text;
        });
    }

    bool read_operation(std::string_view name, const json::object& from) {
        modelled_operation made;
        made.name = keep(name);
        made.method = kept_text(from, "method");
        made.uri = kept_text(from, "uri");
        made.status = static_cast<int>(int_member(from, "status").value_or(200));
        made.input = id_of(from, "input");
        made.output = id_of(from, "output");
        model_->operations_.push_back(made);
        return !made.method.empty() && made.uri.starts_with('/') &&
               made.input.has_value() == from.contains("input") &&
               made.output.has_value() == from.contains("output");
    }

    std::unique_ptr<service_model> model_;
    std::map<std::string, shape_id, std::less<>> ids_;
};

result<std::unique_ptr<service_model>> service_model::parse(std::string_view text) {
    const auto document = parse_json(text);
    if (!document) {
        return with_context(document.error(), "service model");
    }
    if (!document->is_object()) {
        return error{errc::invalid_input, "service model: not a JSON object"};
    }
    return model_reader().read(document->get_object());
}

const modelled_operation* service_model::find(std::string_view operation) const {
    const auto found = std::lower_bound(
        operations_.begin(), operations_.end(), operation,
        [](const auto& entry, std::string_view name) { return entry.name < name; });
    return found != operations_.end() && found->name == operation ? &*found : nullptr;
}

bool service_model::matches(const shape& constrained, std::string_view text) const {
    const auto compiled = [&] {
        const std::lock_guard guard(mutex_);
        auto known = patterns_.find(&constrained);
        if (known == patterns_.end()) {
            auto made = pattern::compile(constrained.expression);
            // A pattern of ours that doesn't compile fails the unit test that compiles them all.
            known = patterns_.emplace(&constrained, std::move(made.value())).first;
        }
        return known->second;
    }();
    return compiled.matches(text);
}

}  // namespace evergrass::cloud
