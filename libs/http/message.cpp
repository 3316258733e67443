#include "libs/http/message.hpp"

#include "libs/base/encoding.hpp"

#include <algorithm>

namespace evergrass::http {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// A broken escape stays as it was sent.
std::string decoded(std::string_view text) {
    auto plain = percent_decode(text);
    return plain ? std::move(*plain) : std::string(text);
}

}  // namespace

bool same_field_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> fields::get(std::string_view name) const {
    for (const auto& [key, value] : list_) {
        if (same_field_name(key, name)) {
            return trimmed(value);
        }
    }
    return std::nullopt;
}

std::vector<std::string_view> fields::get_all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : list_) {
        if (same_field_name(key, name)) {
            values.push_back(trimmed(value));
        }
    }
    return values;
}

void fields::set(std::string_view name, std::string value) {
    std::erase_if(list_, [name](const auto& entry) { return same_field_name(entry.first, name); });
    list_.emplace_back(std::string(name), std::move(value));
}

std::string_view request::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view request::query() const {
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view()
                                     : std::string_view(target).substr(mark + 1);
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!query.empty()) {
        const auto piece = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), piece.size() + 1));
        if (piece.empty()) {
            continue;
        }
        const auto mark = piece.find('=');
        const auto value =
            mark == std::string_view::npos ? std::string_view() : piece.substr(mark + 1);
        pairs.emplace_back(decoded(piece.substr(0, mark)), decoded(value));
    }
    return pairs;
}

}  // namespace evergrass::http
