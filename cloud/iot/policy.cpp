#include "cloud/iot/policy.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <algorithm>

namespace evergrass::cloud {
namespace {

constexpr std::uint16_t any_run = 256;
constexpr std::uint16_t any_one = 257;
constexpr std::uint16_t first_variable = 258;  // + index into variables_

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::uint16_t as_symbol(char c) {
    return static_cast<unsigned char>(c);
}

// The classic two-pointer match: on a mismatch go back to the last `*` and let it take one byte
// more.
bool matches_symbols(const std::vector<std::uint16_t>& pattern, std::string_view text,
                     bool ignore_case) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::optional<std::size_t> star;
    std::size_t resume = 0;
    while (t < text.size()) {
        const char c = ignore_case ? lower(text[t]) : text[t];
        if (p < pattern.size() && (pattern[p] == any_one || pattern[p] == as_symbol(c))) {
            ++p;
            ++t;
        } else if (p < pattern.size() && pattern[p] == any_run) {
            star = p++;
            resume = t;
        } else if (star) {
            p = *star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(),
                       [](std::uint16_t s) { return s == any_run; });
}

// A client id with an MQTT or policy wildcard in it would widen a pattern (CVE-2017-7650): it has
// no value.
bool usable_as_value(std::string_view text) {
    return !text.empty() && text.find_first_of("+#*?") == std::string_view::npos;
}

std::optional<std::string_view> value_of(std::string_view variable,
                                         const policy_question& question) {
    std::optional<std::string_view> value;
    if (variable == "iot:ClientId") {
        value = question.client_id;
    } else if (variable == "iot:Connection.Thing.ThingName") {
        value = question.thing_name;
    } else {
        for (const auto* const known : {question.of_certificate, question.of_thing}) {
            if (known != nullptr && known->contains(variable)) {
                value = known->find(variable)->second;
            }
        }
    }
    return value && usable_as_value(*value) ? value : std::nullopt;
}

error malformed(std::string why) {
    return error{errc::invalid_input, std::move(why)};
}

// A string or a list of strings, each not empty.
result<std::vector<std::string>> read_texts(const json::value& value, const std::string& what) {
    std::vector<std::string> texts;
    if (value.is_string()) {
        texts.emplace_back(value.get_string());
    } else if (value.is_array()) {
        for (const auto& each : value.get_array()) {
            if (!each.is_string()) {
                return malformed(what + " must hold strings");
            }
            texts.emplace_back(each.get_string());
        }
    }
    if (texts.empty() ||
        std::any_of(texts.begin(), texts.end(), [](const auto& t) { return t.empty(); })) {
        return malformed(what + " must be a string or a list of strings, none of them empty");
    }
    return texts;
}

struct chosen_texts {
    std::vector<std::string> texts;
    bool negated = false;
};

// `name` or "Not" + `name`, one of the two.
result<chosen_texts> read_choice(const json::object& statement, const std::string& name,
                                 const std::string& where) {
    const auto* plain = statement.if_contains(name);
    const auto* negated = statement.if_contains("Not" + name);
    if ((plain == nullptr) == (negated == nullptr)) {
        return malformed(where + " must have either " + name + " or Not" + name);
    }
    auto texts = read_texts(plain != nullptr ? *plain : *negated, where + ": " + name);
    if (!texts) {
        return texts.error();
    }
    return chosen_texts{std::move(*texts), negated != nullptr};
}

result<void> check_members(const json::object& statement, const std::string& where) {
    static constexpr std::string_view known[] = {"Sid",      "Effect",      "Action",   "NotAction",
                                                 "Resource", "NotResource", "Condition"};
    for (const auto& member : statement) {
        if (std::find(std::begin(known), std::end(known), std::string_view(member.key())) ==
            std::end(known)) {
            return malformed(where + " has an unknown element \"" + std::string(member.key()) +
                             "\"");
        }
    }
    return {};
}

result<void> check_action(std::string_view action, const std::string& where) {
    const auto colon = action.find(':');
    const bool whole = action == "*";
    if (!whole && (colon == std::string_view::npos || colon == 0 || colon + 1 == action.size())) {
        return malformed(where + ": the action \"" + std::string(action) +
                         "\" must have the form service:Action, for example iot:Connect");
    }
    return {};
}

result<void> check_resource(std::string_view resource, const std::string& where) {
    if (resource == "*" || resource.starts_with("arn:") || resource.starts_with("*")) {
        return {};
    }
    return malformed(where + ": the resource \"" + std::string(resource) +
                     "\" must be * or an ARN, for example arn:aws:iot:REGION:ACCOUNT:topic/a/b");
}

result<policy_statement> read_statement(const json::value& value, const std::string& where) {
    if (!value.is_object()) {
        return malformed(where + " must be an object");
    }
    const auto& object = value.get_object();
    if (auto checked = check_members(object, where); !checked) {
        return checked.error();
    }
    policy_statement statement;
    const auto effect = string_member(object, "Effect");
    if (effect != "Allow" && effect != "Deny") {
        return malformed(where + ": Effect must be Allow or Deny");
    }
    statement.effect = effect == "Allow" ? policy_effect::allow : policy_effect::deny;

    auto actions = read_choice(object, "Action", where);
    if (!actions) {
        return actions.error();
    }
    statement.not_actions = actions->negated;
    for (const auto& action : actions->texts) {
        if (auto checked = check_action(action, where); !checked) {
            return checked.error();
        }
        statement.actions.emplace_back(action, true);
    }

    auto resources = read_choice(object, "Resource", where);
    if (!resources) {
        return resources.error();
    }
    statement.not_resources = resources->negated;
    for (const auto& resource : resources->texts) {
        if (auto checked = check_resource(resource, where); !checked) {
            return checked.error();
        }
        statement.resources.emplace_back(resource);
    }
    statement.conditional = object.contains("Condition");
    return statement;
}

// Yes, no, or "cannot be decided".
std::optional<bool> any_matches(const std::vector<policy_pattern>& patterns, std::string_view text,
                                const policy_question& question) {
    bool undecided = false;
    for (const auto& pattern : patterns) {
        const auto matched = pattern.matches(text, question);
        if (matched && *matched) {
            return true;
        }
        undecided = undecided || !matched;
    }
    return undecided ? std::nullopt : std::optional(false);
}

bool applies(const policy_statement& statement, const policy_question& question) {
    const bool when_undecided = statement.effect == policy_effect::deny;
    const auto part = [&](const std::vector<policy_pattern>& patterns, bool negated,
                          std::string_view text) {
        const auto matched = any_matches(patterns, text, question);
        return matched ? *matched != negated : when_undecided;
    };
    return part(statement.actions, statement.not_actions, question.action) &&
           part(statement.resources, statement.not_resources, question.resource) &&
           (!statement.conditional || when_undecided);
}

}  // namespace

policy_pattern::policy_pattern(std::string_view text, bool ignore_case)
    : ignore_case_(ignore_case) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto end = text.substr(i, 2) == "${" ? text.find('}', i) : std::string_view::npos;
        if (end != std::string_view::npos) {
            add_variable(text.substr(i + 2, end - i - 2));
            i = end;
        } else if (text[i] == '*') {
            symbols_.push_back(any_run);
        } else if (text[i] == '?') {
            symbols_.push_back(any_one);
        } else {
            symbols_.push_back(as_symbol(ignore_case ? lower(text[i]) : text[i]));
        }
    }
}

void policy_pattern::add_variable(std::string_view name) {
    // ${*}, ${?} and ${$} are the way to write these characters themselves.
    if (name == "*" || name == "?" || name == "$") {
        symbols_.push_back(as_symbol(name.front()));
        return;
    }
    // Documents are shorter than the room for variable numbers: see max_policy_bytes.
    symbols_.push_back(static_cast<symbol>(first_variable + variables_.size()));
    variables_.emplace_back(name);
}

std::optional<std::vector<policy_pattern::symbol>> policy_pattern::expand(
    const policy_question& question) const {
    std::vector<symbol> expanded;
    for (const auto each : symbols_) {
        if (each < first_variable) {
            expanded.push_back(each);
            continue;
        }
        const auto value = value_of(variables_[each - first_variable], question);
        if (!value) {
            return std::nullopt;
        }
        for (const char c : *value) {
            expanded.push_back(as_symbol(ignore_case_ ? lower(c) : c));
        }
    }
    return expanded;
}

std::optional<bool> policy_pattern::matches(std::string_view text,
                                            const policy_question& question) const {
    if (variables_.empty()) {
        return matches_symbols(symbols_, text, ignore_case_);
    }
    const auto expanded = expand(question);
    if (!expanded) {
        return std::nullopt;
    }
    return matches_symbols(*expanded, text, ignore_case_);
}

result<policy> parse_policy(std::string_view document) {
    if (document.size() > max_policy_bytes) {
        return malformed("the document is longer than " + std::to_string(max_policy_bytes) +
                         " bytes");
    }
    auto parsed = parse_json(document, 16);
    if (!parsed) {
        return parsed.error();
    }
    if (!parsed->is_object()) {
        return malformed("the document must be a JSON object");
    }
    const auto& object = parsed->get_object();
    const auto version = string_member(object, "Version");
    if (object.contains("Version") && version != "2012-10-17" && version != "2008-10-17") {
        return malformed("Version must be 2012-10-17");
    }
    const auto* statements = object.if_contains("Statement");
    if (statements == nullptr) {
        return malformed("Statement is missing");
    }
    policy read;
    if (!statements->is_array()) {
        auto statement = read_statement(*statements, "Statement");
        if (!statement) {
            return statement.error();
        }
        read.statements.push_back(std::move(*statement));
        return read;
    }
    for (const auto& each : statements->get_array()) {
        auto statement =
            read_statement(each, "Statement " + std::to_string(read.statements.size() + 1));
        if (!statement) {
            return statement.error();
        }
        read.statements.push_back(std::move(*statement));
    }
    if (read.statements.empty()) {
        return malformed("Statement is empty");
    }
    return read;
}

bool allows(std::span<const policy* const> policies, const policy_question& question) {
    bool allowed = false;
    for (const auto* each : policies) {
        for (const auto& statement : each->statements) {
            if (statement.effect == policy_effect::allow && allowed) {
                continue;
            }
            if (!applies(statement, question)) {
                continue;
            }
            if (statement.effect == policy_effect::deny) {
                return false;
            }
            allowed = true;
        }
    }
    return allowed;
}

}  // namespace evergrass::cloud
