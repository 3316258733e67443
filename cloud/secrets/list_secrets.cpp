#include "cloud/gateway/paging.hpp"
#include "cloud/secrets/operations.hpp"
#include "cloud/secrets/shown.hpp"

#include <algorithm>
#include <cctype>

namespace evergrass::cloud::secrets {
namespace {

constexpr paging_style secrets_paging{"MaxResults", "NextToken", "InvalidNextTokenException", 100,
                                      100};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

// The texts of a secret that a filter's Key looks at.
std::vector<std::string> texts_of(const json::object& secret, const std::string& key) {
    std::vector<std::string> texts;
    const auto all = key == "all";
    if (all || key == "name") {
        texts.push_back(string_member(secret, "Name").value_or(""));
    }
    if (all || key == "description") {
        texts.push_back(string_member(secret, "Description").value_or(""));
    }
    for (const auto& tag : *array_member(secret, "Tags")) {
        if (all || key == "tag-key") {
            texts.push_back(string_member(tag.as_object(), "Key").value_or(""));
        }
        if (all || key == "tag-value") {
            texts.push_back(string_member(tag.as_object(), "Value").value_or(""));
        }
    }
    return texts;
}

// A value matches what begins with it, without case but for names and tags' keys; one that begins
// with '!' matches what does not.
bool matches(const std::vector<std::string>& texts, const std::string& key, std::string value) {
    const bool negated = value.starts_with('!');
    value.erase(0, negated ? 1 : 0);
    const bool cased = key == "name" || key == "tag-key";
    const auto wanted = cased ? value : lower(value);
    const bool found = std::ranges::any_of(texts, [&](const std::string& text) {
        return (cased ? text : lower(text)).starts_with(wanted);
    });
    return found != negated;
}

bool passes(const json::object& secret, const json::array* filters) {
    for (std::size_t i = 0; filters != nullptr && i < filters->size(); ++i) {
        const auto& filter = (*filters)[i].as_object();
        const auto key = string_member(filter, "Key").value_or("all");
        const auto* values = array_member(filter, "Values");
        const auto texts = texts_of(secret, key);
        const bool one = values == nullptr || std::ranges::any_of(*values, [&](const auto& value) {
                             return matches(texts, key, std::string(value.as_string()));
                         });
        if (!one) {
            return false;
        }
    }
    return true;
}

}  // namespace

// By name. Secrets that are to be deleted are left out, as AWS does.
api_result list_secrets(secret_registry& in, const call& from) {
    const auto page = requested_page(from, secrets_paging);
    if (!page) {
        return page.error();
    }
    std::vector<std::string> names;
    const bool backwards = string_member(from.input, "SortOrder") == "desc";
    const std::string_view sql =
        backwards ? "SELECT name FROM secrets WHERE deleted_at IS NULL AND (?1 = '' OR name < ?1)"
                    " ORDER BY name DESC"
                  : "SELECT name FROM secrets WHERE deleted_at IS NULL AND name > ?1 ORDER BY name";
    const auto read = in.state.db().query(
        backwards ? "secrets.list_backwards" : "secrets.list", sql, {page->after},
        [&](const db::row& row) { names.push_back(row.text(0)); });
    if (!read) {
        return internal_error(read.error());
    }
    std::vector<json::object> rows;
    for (const auto& name : names) {
        const auto secret = require_secret(in, name);
        auto row = secret ? shown(in, *secret, "SecretVersionsToStages")
                          : answer<json::object>(secret.error());
        if (!row) {
            return row.error();
        }
        if (passes(*row, array_member(from.input, "Filters"))) {
            rows.push_back(std::move(*row));
        }
        if (rows.size() == static_cast<std::size_t>(page->rows_to_read())) {
            break;
        }
    }
    const auto next = cut_to_page(rows, *page, [](const json::object& row) {
        return string_member(row, "Name").value_or("");
    });
    json::array list;
    for (auto& row : rows) {
        list.push_back(std::move(row));
    }
    json::object output{{"SecretList", std::move(list)}};
    if (next) {
        output["NextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::secrets
