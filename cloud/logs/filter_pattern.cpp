#include "cloud/logs/filter_pattern.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace evergrass::cloud::logs {
namespace {

constexpr std::size_t longest = 1024;  // AWS's limit
constexpr std::size_t deepest = 20;
constexpr std::string_view blanks = " \t\r\n";

enum class comparison { equal, unequal, less, more, at_most, at_least, null, yes, no, absent };

struct path_step {
    std::string name;  // of a member; of an element when it is empty
    std::size_t index = 0;
};

error wrong(std::string why) {
    return {errc::invalid_input, "Invalid filter pattern: " + std::move(why)};
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

// `*` stands for any characters, none too.
bool fits(std::string_view wanted, std::string_view text) {
    const auto star = wanted.find('*');
    if (star == std::string_view::npos) {
        return wanted == text;
    }
    if (!text.starts_with(wanted.substr(0, star))) {
        return false;
    }
    text.remove_prefix(star);
    wanted.remove_prefix(star + 1);
    for (auto next = wanted.find('*'); next != std::string_view::npos; next = wanted.find('*')) {
        const auto at = text.find(wanted.substr(0, next));
        if (at == std::string_view::npos) {
            return false;
        }
        text.remove_prefix(at + next);
        wanted.remove_prefix(next + 1);
    }
    return text.ends_with(wanted);
}

std::optional<double> number_in(std::string_view text) {
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    return failed == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

const json::value* look_up(const json::value& in, const std::vector<path_step>& path) {
    const auto* at = &in;
    for (const auto& step : path) {
        if (!step.name.empty()) {
            const auto* object = at->if_object();
            at = object == nullptr ? nullptr : object->if_contains(step.name);
        } else {
            const auto* array = at->if_array();
            at = array != nullptr && step.index < array->size() ? &(*array)[step.index] : nullptr;
        }
        if (at == nullptr) {
            return nullptr;
        }
    }
    return at;
}

}  // namespace

struct filter_pattern::condition {
    enum class kind { all, any, compare } what = kind::compare;
    std::vector<condition> parts;
    std::vector<path_step> path;
    comparison how = comparison::equal;
    std::string text;
    std::optional<double> number;

    bool holds(const json::value& message) const {
        const auto part_holds = [&](const condition& part) { return part.holds(message); };
        switch (what) {
            case kind::all:
                return std::ranges::all_of(parts, part_holds);
            case kind::any:
                return std::ranges::any_of(parts, part_holds);
            case kind::compare:
                break;
        }
        const auto* found = look_up(message, path);
        if (how == comparison::absent || found == nullptr) {
            return how == comparison::absent && found == nullptr;
        }
        switch (how) {
            case comparison::null:
                return found->is_null();
            case comparison::yes:
                return found->is_bool() && found->get_bool();
            case comparison::no:
                return found->is_bool() && !found->get_bool();
            case comparison::equal:
                return is_equal(*found);
            case comparison::unequal:
                return !is_equal(*found);
            default:
                return compares(*found);
        }
    }

private:
    bool is_equal(const json::value& found) const {
        if (found.is_string()) {
            return fits(text, std::string_view(found.get_string()));
        }
        if (found.is_number()) {
            return number ? found.to_number<double>() == *number
                          : fits(text, json::serialize(found));
        }
        return found.is_bool() && text == (found.get_bool() ? "true" : "false");
    }

    bool compares(const json::value& found) const {
        if (!found.is_number() || !number) {
            return false;
        }
        const auto value = found.to_number<double>();
        switch (how) {
            case comparison::less:
                return value < *number;
            case comparison::more:
                return value > *number;
            case comparison::at_most:
                return value <= *number;
            default:
                return value >= *number;
        }
    }
};

namespace {

using condition = filter_pattern::condition;

class condition_reader {
public:
    explicit condition_reader(std::string_view text) : rest_(text) {}

    result<condition> whole() {
        auto read = any(0);
        if (!read) {
            return read;
        }
        skip();
        return rest_.empty() ? std::move(read)
                             : wrong("'" + std::string(rest_) + "' is not expected");
    }

private:
    void skip() {
        const auto first = rest_.find_first_not_of(blanks);
        rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
    }

    bool take(std::string_view what) {
        skip();
        const bool there = rest_.starts_with(what);
        rest_.remove_prefix(there ? what.size() : 0);
        return there;
    }

    // IS, NOT … in either case, and no part of a longer word.
    bool take_word(std::string_view word) {
        skip();
        const auto size = word.size();
        if (rest_.size() < size || (rest_.size() > size && is_word(rest_[size]))) {
            return false;
        }
        for (std::size_t i = 0; i < size; ++i) {
            if (std::toupper(static_cast<unsigned char>(rest_[i])) != word[i]) {
                return false;
            }
        }
        rest_.remove_prefix(size);
        return true;
    }

    result<condition> any(std::size_t depth) { return chain(depth, "||", condition::kind::any); }

    result<condition> chain(std::size_t depth, std::string_view joint, condition::kind what) {
        if (depth > deepest) {
            return wrong("its parentheses are too deep");
        }
        condition made;
        made.what = what;
        do {
            auto part = what == condition::kind::any ? chain(depth, "&&", condition::kind::all)
                                                     : one(depth);
            if (!part) {
                return part;
            }
            made.parts.push_back(std::move(*part));
        } while (take(joint));
        return made;
    }

    result<condition> one(std::size_t depth) {
        if (take("(")) {
            auto inner = any(depth + 1);
            if (inner && !take(")")) {
                return wrong("a parenthesis is not closed");
            }
            return inner;
        }
        condition made;
        if (auto read = path(made.path); !read) {
            return read.error();
        }
        if (auto read = compare(made); !read) {
            return read.error();
        }
        return made;
    }

    result<void> path(std::vector<path_step>& into) {
        if (!take("$")) {
            return wrong("a selector such as $.level is expected");
        }
        for (;;) {
            if (rest_.starts_with('.')) {
                rest_.remove_prefix(1);
                std::size_t size = 0;
                while (size < rest_.size() && (is_word(rest_[size]) || rest_[size] == '-')) {
                    ++size;
                }
                if (size == 0) {
                    return wrong("a selector has an empty name");
                }
                into.push_back({std::string(rest_.substr(0, size)), 0});
                rest_.remove_prefix(size);
            } else if (rest_.starts_with('[')) {
                rest_.remove_prefix(1);
                path_step step;
                const auto close = std::min(rest_.find(']'), rest_.size());
                const auto [stop, failed] =
                    std::from_chars(rest_.data(), rest_.data() + close, step.index);
                if (failed != std::errc() || stop != rest_.data() + close ||
                    close == rest_.size()) {
                    return wrong("an index must be a number in [ ]");
                }
                rest_.remove_prefix(close + 1);
                into.push_back(std::move(step));
            } else {
                return into.empty() ? result<void>(wrong("a selector such as $.level is expected"))
                                    : result<void>();
            }
        }
    }

    result<void> compare(condition& into) {
        if (take_word("IS")) {
            constexpr std::pair<std::string_view, comparison> words[] = {
                {"NULL", comparison::null}, {"TRUE", comparison::yes}, {"FALSE", comparison::no}};
            for (const auto& [word, how] : words) {
                if (take_word(word)) {
                    into.how = how;
                    return {};
                }
            }
            return wrong("NULL, TRUE or FALSE is expected behind IS");
        }
        if (take_word("NOT")) {
            into.how = comparison::absent;
            return take_word("EXISTS") ? result<void>()
                                       : result<void>(wrong("EXISTS is expected behind NOT"));
        }
        constexpr std::pair<std::string_view, comparison> signs[] = {
            {"!=", comparison::unequal}, {"<=", comparison::at_most}, {">=", comparison::at_least},
            {"=", comparison::equal},    {"<", comparison::less},     {">", comparison::more}};
        for (const auto& [sign, how] : signs) {
            if (take(sign)) {
                into.how = how;
                return operand(into);
            }
        }
        return wrong("a comparison (= != < > <= >=, IS, NOT EXISTS) is expected");
    }

    result<void> operand(condition& into) {
        skip();
        if (rest_.starts_with('%')) {
            return wrong("regular expressions (%…%) are not supported");
        }
        const bool quoted = take("\"");
        if (quoted) {
            const auto close = rest_.find('"');
            if (close == std::string_view::npos) {
                return wrong("a quoted text does not end");
            }
            into.text = rest_.substr(0, close);
            rest_.remove_prefix(close + 1);
        } else {
            const auto end = std::min(rest_.find_first_of(" \t\r\n()&|"), rest_.size());
            into.text = rest_.substr(0, end);
            rest_.remove_prefix(end);
            into.number = number_in(into.text);
        }
        if (into.text.empty() && !quoted) {
            return wrong("a value is expected");
        }
        const bool orders = into.how != comparison::equal && into.how != comparison::unequal;
        return orders && !into.number
                   ? result<void>(wrong("'" + into.text + "' must be a number there"))
                   : result<void>();
    }

    std::string_view rest_;
};

}  // namespace

result<filter_pattern> filter_pattern::parse(std::string_view text) {
    filter_pattern made;
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return made;
    }
    text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
    if (text.size() > longest) {
        return wrong("it is longer than 1024 characters");
    }
    if (text.front() == '[') {
        return wrong("patterns of columns ([a, b, …]) are not supported");
    }
    if (text.front() == '%') {
        return wrong("regular expressions (%…%) are not supported");
    }
    if (text.front() == '{') {
        if (text.back() != '}' || text.size() < 2) {
            return wrong("'{' is not closed");
        }
        auto read = condition_reader(text.substr(1, text.size() - 2)).whole();
        if (!read) {
            return read.error();
        }
        made.json_ = std::make_shared<const condition>(std::move(*read));
        return made;
    }
    while (!text.empty()) {
        auto* into = &made.wanted_;
        if (text.front() == '?' || text.front() == '-') {
            into = text.front() == '?' ? &made.either_ : &made.unwanted_;
            text.remove_prefix(1);
        }
        std::string term;
        if (text.starts_with('"')) {
            const auto close = text.find('"', 1);
            if (close == std::string_view::npos) {
                return wrong("a quoted text does not end");
            }
            term = text.substr(1, close - 1);
            text.remove_prefix(close + 1);
        } else {
            const auto end = std::min(text.find_first_of(blanks), text.size());
            term = text.substr(0, end);
            text.remove_prefix(end);
            const bool plain = std::ranges::all_of(term, is_word);
            if (!plain) {
                return wrong("the term '" + term +
                             "' has characters other than letters, digits and '_'; put it in "
                             "quotes");
            }
        }
        if (term.empty()) {
            return wrong("a term is empty");
        }
        into->push_back(std::move(term));
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    }
    return made;
}

bool filter_pattern::matches(std::string_view message) const {
    if (json_) {
        const auto document = parse_json(message);
        return document && document->is_object() && json_->holds(*document);
    }
    const auto has = [message](const std::string& term) {
        return message.find(term) != std::string_view::npos;
    };
    return std::ranges::all_of(wanted_, has) &&
           (either_.empty() || std::ranges::any_of(either_, has)) &&
           std::ranges::none_of(unwanted_, has);
}

}  // namespace evergrass::cloud::logs
