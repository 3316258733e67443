#pragma once

#include "cloud/gateway/model.hpp"
#include "libs/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

enum class violation_kind {
    unreadable,      // the body is no JSON object, a path or header no UTF-8
    wrong_type,      // a number where text is wanted, and the like
    missing,         // a required member
    not_a_choice,    // not in the enumeration
    out_of_pattern,  // pattern, length, size or range
};

struct violation {
    violation_kind kind;
    std::string path;   // "InitialVersion.Cores.1.member.Id": lists count from 1, as AWS does
    std::string value;  // as sent, shortened; empty when missing or a structure
    std::string rule;   // "Member must …"
    std::vector<std::string> choices;
};

// Checks values against a model's shapes and gives them the model's types and member names.
// Collects what is wrong, at most a handful: one answer names several mistakes.
class validator {
public:
    explicit validator(const service_model& model) : model_(model) {}

    // A value of the JSON body. nullopt: it was wrong, and noted.
    std::optional<json::value> from_json(const shape& wanted, json::value sent,
                                         const std::string& path);
    // A structure's members that travel in the body, by their wire names; unknown ones are left
    // out.
    void members_from_json(const shape& wanted, json::object sent, const std::string& path,
                           json::object& into);
    // A value of the path, the query or a header: text, decoded.
    std::optional<json::value> from_text(const shape& wanted, std::string_view sent,
                                         const std::string& path);
    // The raw payload apart: it travels beside the members.
    void require_members(const shape& wanted, const json::object& have, const std::string& path);
    void check_size(const shape& wanted, std::size_t size, const std::string& path,
                    std::string_view unit);

    void note(violation v);
    const std::vector<violation>& violations() const { return violations_; }

private:
    std::optional<json::value> from_json_list(const shape& wanted, json::array sent,
                                              const std::string& path);
    std::optional<json::value> from_json_map(const shape& wanted, json::object sent,
                                             const std::string& path);
    std::optional<json::value> integer(const shape& wanted, const json::value& sent,
                                       const std::string& path);
    void wrong_type(std::string_view wanted, const json::value& sent, const std::string& path);
    bool check_text(const shape& wanted, std::string_view text, const std::string& path);
    bool check_range(const shape& wanted, std::int64_t number, const std::string& path);

    const service_model& model_;
    std::vector<violation> violations_;
};

}  // namespace evergrass::cloud
