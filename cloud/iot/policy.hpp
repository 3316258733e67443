#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

// AWS IoT policies (spec/cloud.md §4.1), parsed and evaluated: no registry, no I/O, any thread.

enum class policy_effect { allow, deny };

// By the variable's name: "iot:Certificate.Subject.CommonName".
using policy_variables = std::map<std::string, std::string, std::less<>>;

// What a policy is asked about, and the values of the variables that it may name.
struct policy_question {
    std::string_view action;                     // "iot:Publish"
    std::string_view resource;                   // the ARN
    std::optional<std::string_view> client_id;   // ${iot:ClientId}
    std::optional<std::string_view> thing_name;  // ${iot:Connection.Thing.ThingName}
    // Others, of the certificate and of that thing; null: none.
    const policy_variables* of_certificate = nullptr;
    const policy_variables* of_thing = nullptr;
};

// A pattern with the wildcards `*` (any run) and `?` (any one byte), and variables. MQTT's `+` and
// `#` are ordinary characters. A variable's value is compared byte for byte: wildcards in it mean
// nothing.
class policy_pattern {
public:
    explicit policy_pattern(std::string_view text, bool ignore_case = false);

    // No answer when the pattern names a variable that has no value in this question.
    std::optional<bool> matches(std::string_view text, const policy_question& question) const;

private:
    // A byte to compare, or one of the marks above 255; variables stand apart in `variables_`.
    using symbol = std::uint16_t;

    std::optional<std::vector<symbol>> expand(const policy_question& question) const;
    void add_variable(std::string_view name);

    std::vector<symbol> symbols_;
    std::vector<std::string> variables_;
    bool ignore_case_;
};

struct policy_statement {
    policy_effect effect = policy_effect::deny;
    std::vector<policy_pattern> actions;
    bool not_actions = false;  // NotAction: all but `actions`
    std::vector<policy_pattern> resources;
    bool not_resources = false;
    bool conditional = false;  // has a Condition, which this build doesn't evaluate
};

struct policy {
    std::vector<policy_statement> statements;
};

// Longest document taken. AWS stops at 2,048 characters without white space.
inline constexpr std::size_t max_policy_bytes = 64 * 1024;

// The error says which statement is wrong and how; it goes into MalformedPolicyException.
result<policy> parse_policy(std::string_view document);

// A matching Deny wins, then a matching Allow; nothing matches: no. Whatever cannot be decided (a
// Condition, a variable without a value) counts against the caller: it grants no Allow and lets a
// Deny hold.
bool allows(std::span<const policy* const> policies, const policy_question& question);

}  // namespace evergrass::cloud
