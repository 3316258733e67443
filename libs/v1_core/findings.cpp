#include "libs/v1_core/findings.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace evergrass::v1 {

std::string_view to_string(origin how) {
    switch (how) {
        case origin::from_file:
            return "from";
        case origin::synthesised:
            return "synthesised";
        case origin::guessed:
            return "guessed";
    }
    return "";
}

std::string_view to_string(severity how_bad) {
    switch (how_bad) {
        case severity::note:
            return "note";
        case severity::warning:
            return "warning";
        case severity::error:
            return "error";
    }
    return "";
}

void findings::from(std::string what, std::string value, std::string where) {
    values.push_back({std::move(what), std::move(value), origin::from_file, std::move(where)});
}

void findings::made(std::string what, std::string value, std::string rule) {
    values.push_back({std::move(what), std::move(value), origin::synthesised, std::move(rule)});
}

void findings::guess(std::string what, std::string value, std::string where) {
    values.push_back({std::move(what), std::move(value), origin::guessed, std::move(where)});
}

void findings::note(std::string where, std::string text) {
    problems.push_back({severity::note, std::move(where), std::move(text)});
}

void findings::warn(std::string where, std::string text) {
    problems.push_back({severity::warning, std::move(where), std::move(text)});
}

void findings::fail(std::string where, std::string text) {
    problems.push_back({severity::error, std::move(where), std::move(text)});
}

bool findings::has_guess() const {
    return std::ranges::any_of(values, [](const auto& v) { return v.how == origin::guessed; });
}

bool findings::has_error() const {
    return std::ranges::any_of(problems,
                               [](const auto& p) { return p.how_bad == severity::error; });
}

void findings::append(findings more) {
    std::ranges::move(more.values, std::back_inserter(values));
    std::ranges::move(more.problems, std::back_inserter(problems));
}

json::array to_json(const std::vector<derived>& values) {
    json::array out;
    for (const auto& v : values) {
        out.push_back(json::object{{"what", v.what},
                                   {"value", v.value},
                                   {"origin", to_string(v.how)},
                                   {"where", v.where}});
    }
    return out;
}

json::array to_json(const std::vector<problem>& problems) {
    json::array out;
    for (const auto& p : problems) {
        out.push_back(
            json::object{{"severity", to_string(p.how_bad)}, {"where", p.where}, {"text", p.text}});
    }
    return out;
}

}  // namespace evergrass::v1
