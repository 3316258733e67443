#include "libs/v1_core/tolerant_json.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

namespace evergrass::v1 {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The first key that an object has twice. REQUIRES: `text` is one JSON value. Keys are compared as
// they are spelled: two spellings of one key would be a forgery, not a release of V1.
std::optional<std::string> repeated_key(std::string_view text) {
    std::vector<std::set<std::string_view>> open;
    std::vector<bool> is_object;
    bool key_next = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '{' || c == '[') {
            open.emplace_back();
            is_object.push_back(c == '{');
            key_next = c == '{';
        } else if (c == '}' || c == ']') {
            open.pop_back();
            is_object.pop_back();
            key_next = false;
        } else if (c == ',') {
            key_next = !is_object.empty() && is_object.back();
        } else if (c == '"') {
            const auto begin = ++i;
            while (text[i] != '"') {
                i += text[i] == '\\' ? 2 : 1;
            }
            const auto key = text.substr(begin, i - begin);
            if (key_next && !open.back().insert(key).second) {
                return std::string(key);
            }
            key_next = false;
        }
    }
    return std::nullopt;
}

}  // namespace

result<json::object> parse_document(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    auto parsed = parse_json(text);
    if (!parsed) {
        return parsed.error();
    }
    if (!parsed->is_object()) {
        return error{errc::invalid_input, "the file does not hold a JSON object"};
    }
    if (const auto twice = repeated_key(text)) {
        return error{errc::invalid_input, "the key '" + *twice +
                                              "' is there twice in one object; leave the one that "
                                              "counts in a copy and read that"};
    }
    return std::move(parsed->get_object());
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

result<const json::value*> find_member(const json::object& in, std::string_view name) {
    const json::value* found = in.if_contains(name);
    std::size_t alike = 0;
    for (const auto& member : in) {
        if (equal_but_for_case(member.key(), name)) {
            ++alike;
            if (found == nullptr) {
                found = &member.value();
            }
        }
    }
    if (alike > 1) {
        return error{errc::invalid_input,
                     "'" + std::string(name) + "' is there twice, spelled differently"};
    }
    return found != nullptr && found->is_null() ? nullptr : found;
}

std::optional<std::int64_t> as_integer(const json::value& value) {
    if (value.is_int64()) {
        return value.get_int64();
    }
    if (const auto* text = value.if_string()) {
        std::int64_t number = 0;
        const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
        if (read.ec == std::errc() && read.ptr == text->data() + text->size()) {
            return number;
        }
    }
    return std::nullopt;
}

std::optional<bool> as_boolean(const json::value& value) {
    if (value.is_bool()) {
        return value.get_bool();
    }
    if (const auto* text = value.if_string()) {
        if (equal_but_for_case(*text, "true") || equal_but_for_case(*text, "yes")) {
            return true;
        }
        if (equal_but_for_case(*text, "false") || equal_but_for_case(*text, "no")) {
            return false;
        }
    }
    return std::nullopt;
}

std::string pointer(std::string_view parent, std::string_view member) {
    std::string out(parent);
    out += '/';
    for (const char c : member) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

std::string pointer(std::string_view parent, std::size_t index) {
    return std::string(parent) + "/" + std::to_string(index);
}

}  // namespace evergrass::v1
