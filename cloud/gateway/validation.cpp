#include "cloud/gateway/validation.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/time.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace evergrass::cloud {
namespace {

constexpr std::size_t most_violations = 5;
constexpr std::size_t longest_quote = 128;

std::string quoted_part(std::string_view text) {
    if (text.size() <= longest_quote) {
        return std::string(text);
    }
    auto end = longest_quote;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
        --end;
    }
    return std::string(text.substr(0, end)) + "…";
}

// Code points of well-formed UTF-8.
std::size_t length_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string below(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::string shown(const json::value& value) {
    if (const auto* text = value.if_string()) {
        return quoted_part(*text);
    }
    return value.is_structured() ? std::string() : json::serialize(value);
}

// "2026-11-23T19:30:00Z", a fraction allowed, or a number of seconds since 1970.
std::optional<double> seconds_from_text(std::string_view text) {
    double seconds = 0;
    const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (code == std::errc() && stop == text.data() + text.size()) {
        return seconds;
    }
    std::string basic;
    const auto whole = text.substr(0, text.find('.'));
    std::copy_if(whole.begin(), whole.end(), std::back_inserter(basic),
                 [](char c) { return c != '-' && c != ':'; });
    if (!basic.ends_with('Z')) {
        basic += 'Z';
    }
    const auto at = parse_basic_iso8601(basic);
    return at ? std::optional(static_cast<double>(to_epoch_seconds(*at))) : std::nullopt;
}

std::optional<bool> bool_from_text(std::string_view text) {
    if (text == "true" || text == "True") {
        return true;
    }
    if (text == "false" || text == "False") {
        return false;
    }
    return std::nullopt;
}

}  // namespace

void validator::note(violation v) {
    if (violations_.size() < most_violations) {
        violations_.push_back(std::move(v));
    }
}

void validator::wrong_type(std::string_view wanted, const json::value& sent,
                           const std::string& path) {
    note({violation_kind::wrong_type,
          path,
          shown(sent),
          "Member must be " + std::string(wanted),
          {}});
}

void validator::check_size(const shape& wanted, std::size_t size, const std::string& path,
                           std::string_view unit) {
    const auto count = static_cast<std::int64_t>(size);
    const auto refuse = [&](std::string_view relation, std::int64_t limit) {
        note({violation_kind::out_of_pattern,
              path,
              "",
              "Member must have length " + std::string(relation) + " than or equal to " +
                  std::to_string(limit) + (unit.empty() ? "" : " " + std::string(unit)),
              {}});
    };
    if (wanted.least && count < *wanted.least) {
        refuse("greater", *wanted.least);
    } else if (wanted.most && count > *wanted.most) {
        refuse("less", *wanted.most);
    }
}

bool validator::check_text(const shape& wanted, std::string_view text, const std::string& path) {
    if (!wanted.choices.empty() &&
        std::find(wanted.choices.begin(), wanted.choices.end(), text) == wanted.choices.end()) {
        violation refused{violation_kind::not_a_choice,
                          path,
                          quoted_part(text),
                          "Member must satisfy enum value set: [",
                          {wanted.choices.begin(), wanted.choices.end()}};
        for (const auto& choice : refused.choices) {
            refused.rule += (&choice == &refused.choices.front() ? "" : ", ") + choice;
        }
        refused.rule += "]";
        note(std::move(refused));
        return false;
    }
    const auto length = static_cast<std::int64_t>(length_of(text));
    const auto refuse = [&](std::string rule) {
        note({violation_kind::out_of_pattern, path, quoted_part(text), std::move(rule), {}});
        return false;
    };
    if (wanted.least && length < *wanted.least) {
        return refuse("Member must have length greater than or equal to " +
                      std::to_string(*wanted.least));
    }
    if (wanted.most && length > *wanted.most) {
        return refuse("Member must have length less than or equal to " +
                      std::to_string(*wanted.most));
    }
    if (!wanted.expression.empty() && !model_.matches(wanted, text)) {
        return refuse("Member must satisfy regular expression pattern: " +
                      std::string(wanted.expression));
    }
    return true;
}

bool validator::check_range(const shape& wanted, std::int64_t number, const std::string& path) {
    const auto refuse = [&](std::string_view relation, std::int64_t limit) {
        note({violation_kind::out_of_pattern,
              path,
              std::to_string(number),
              "Member must have value " + std::string(relation) + " than or equal to " +
                  std::to_string(limit),
              {}});
        return false;
    };
    if (wanted.least && number < *wanted.least) {
        return refuse("greater", *wanted.least);
    }
    if (wanted.most && number > *wanted.most) {
        return refuse("less", *wanted.most);
    }
    return true;
}

std::optional<json::value> validator::integer(const shape& wanted, const json::value& sent,
                                              const std::string& path) {
    boost::system::error_code code;
    // Exact or an error: 1.5 and what 64 bits cannot hold are no integers.
    const auto number = sent.is_number() ? sent.to_number<std::int64_t>(code) : 0;
    const bool fits = wanted.type == shape_type::long_integer ||
                      (number >= std::numeric_limits<std::int32_t>::min() &&
                       number <= std::numeric_limits<std::int32_t>::max());
    if (!sent.is_number() || code || !fits) {
        wrong_type(wanted.type == shape_type::integer ? "a 32-bit integer" : "a 64-bit integer",
                   sent, path);
        return std::nullopt;
    }
    return check_range(wanted, number, path) ? std::optional<json::value>(number) : std::nullopt;
}

std::optional<json::value> validator::from_json(const shape& wanted, json::value sent,
                                                const std::string& path) {
    switch (wanted.type) {
        case shape_type::structure:
            if (sent.is_object()) {
                json::object members;
                members_from_json(wanted, std::move(sent.get_object()), path, members);
                require_members(wanted, members, path);
                return members;
            }
            wrong_type("an object", sent, path);
            return std::nullopt;
        case shape_type::list:
            if (sent.is_array()) {
                return from_json_list(wanted, std::move(sent.get_array()), path);
            }
            wrong_type("a list", sent, path);
            return std::nullopt;
        case shape_type::map:
            if (sent.is_object()) {
                return from_json_map(wanted, std::move(sent.get_object()), path);
            }
            wrong_type("a map", sent, path);
            return std::nullopt;
        case shape_type::string:
            if (sent.is_string()) {
                return check_text(wanted, sent.get_string(), path) ? std::optional(std::move(sent))
                                                                   : std::nullopt;
            }
            wrong_type("a string", sent, path);
            return std::nullopt;
        case shape_type::boolean:
            if (sent.is_bool()) {
                return sent;
            }
            wrong_type("true or false", sent, path);
            return std::nullopt;
        case shape_type::integer:
        case shape_type::long_integer:
            return integer(wanted, sent, path);
        case shape_type::real:
        case shape_type::timestamp:
            if (sent.is_number()) {
                return sent;
            }
            wrong_type("a number", sent, path);
            return std::nullopt;
        case shape_type::blob:
            if (sent.is_string()) {
                if (const auto bytes = base64_decode(sent.get_string())) {
                    check_size(wanted, bytes->size(), path, "bytes");
                    return sent;
                }
            }
            wrong_type("base64", json::value(), path);
            return std::nullopt;
    }
    return std::nullopt;
}

void validator::members_from_json(const shape& wanted, json::object sent, const std::string& path,
                                  json::object& into) {
    for (const auto& candidate : wanted.members) {
        if (candidate.where != place::body || &candidate == wanted.payload) {
            continue;
        }
        auto* value = sent.if_contains(candidate.wire_name);
        if (value == nullptr || value->is_null()) {
            continue;
        }
        auto checked =
            from_json(model_.at(candidate.shape), std::move(*value), below(path, candidate.name));
        // A wrong one stays as null: it is not missing too.
        into[candidate.name] = checked ? std::move(*checked) : json::value();
    }
}

std::optional<json::value> validator::from_json_list(const shape& wanted, json::array sent,
                                                     const std::string& path) {
    check_size(wanted, sent.size(), path, "");
    const auto& element = model_.at(wanted.element);
    json::array list;
    list.reserve(sent.size());
    for (std::size_t i = 0; i < sent.size() && violations_.size() < most_violations; ++i) {
        auto checked =
            from_json(element, std::move(sent[i]), path + "." + std::to_string(i + 1) + ".member");
        if (checked) {
            list.push_back(std::move(*checked));
        }
    }
    return list;
}

std::optional<json::value> validator::from_json_map(const shape& wanted, json::object sent,
                                                    const std::string& path) {
    check_size(wanted, sent.size(), path, "");
    json::object map;
    for (auto& entry : sent) {
        if (violations_.size() >= most_violations) {
            break;
        }
        const auto entry_path = below(path, quoted_part(entry.key()));
        check_text(model_.at(wanted.key), entry.key(), entry_path + ".key");
        auto checked =
            from_json(model_.at(wanted.element), std::move(entry.value()), entry_path + ".value");
        if (checked) {
            map[entry.key()] = std::move(*checked);
        }
    }
    return map;
}

std::optional<json::value> validator::from_text(const shape& wanted, std::string_view sent,
                                                const std::string& path) {
    const json::value text(sent);
    switch (wanted.type) {
        case shape_type::string:
            return check_text(wanted, sent, path) ? std::optional(text) : std::nullopt;
        case shape_type::boolean:
            if (const auto truth = bool_from_text(sent)) {
                return *truth;
            }
            wrong_type("true or false", text, path);
            return std::nullopt;
        case shape_type::integer:
        case shape_type::long_integer: {
            std::int64_t number = 0;
            const auto [stop, code] =
                std::from_chars(sent.data(), sent.data() + sent.size(), number);
            const bool whole = code == std::errc() && stop == sent.data() + sent.size();
            return integer(wanted, whole ? json::value(number) : text, path);
        }
        case shape_type::timestamp:
            if (const auto seconds = seconds_from_text(sent)) {
                return *seconds;
            }
            wrong_type("a time such as 2026-11-23T19:30:00Z", text, path);
            return std::nullopt;
        default:
            wrong_type("text", text, path);
            return std::nullopt;
    }
}

void validator::require_members(const shape& wanted, const json::object& have,
                                const std::string& path) {
    for (const auto& candidate : wanted.members) {
        if (candidate.required && &candidate != wanted.payload && !have.contains(candidate.name)) {
            note({violation_kind::missing,
                  below(path, candidate.name),
                  "",
                  "Member must not be null",
                  {}});
        }
    }
}

}  // namespace evergrass::cloud
